// SPDX-License-Identifier: MIT
/*
 * page.mjs - the Inspector's page in a headless Chromium: a person connects, calls a tool that
 * asks them something, reads a resource, gets a prompt.
 *
 * usage: node page.mjs PAGE SCREENSHOT.png
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Checks } from './calls.mjs';

const [page, picture] = process.argv.slice(2);
const { resolve } = createRequire(`${process.env.NPM_FOLDER}/package.json`);
const { chromium } = (await import(pathToFileURL(resolve('playwright-core')))).default;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  /* It looks for nothing outside of this machine. */
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
    '--disable-background-networking', '--disable-component-update'],
});
const checks = new Checks();
const p = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
p.setDefaultTimeout(15000);
const sees = (text) => p.getByText(text).first().waitFor();
const tab = (name) => p.getByText(name, { exact: true }).first().click();
const pick = (name) => p.getByText(name, { exact: true }).first().click();
const press = (name) => p.getByRole('button', { name, exact: true }).first().click();
const step = (name, body) => checks.run(name, async () => {
  try {
    await body();
  } catch (e) {
    await p.screenshot({ path: picture });
    return String(e).split('\n')[0];
  }
});

await step('connects', async () => {
  await p.goto(page);
  await p.getByLabel('Connect or disconnect "bridge"').click({ force: true });
  await sees(/^Connected/);
});
await step('asks the person, who answers', async () => {
  await tab('Tools');
  await pick('test_elicitation');
  await p.getByRole('textbox', { name: /message/i }).first().fill('Who are you?');
  await press('Execute Tool');
  await sees('Elicitation Request');
  await p.getByRole('textbox', { name: /username/i }).fill('thea');
  await p.getByRole('textbox', { name: /email/i }).fill('thea@example.org');
  await p.screenshot({ path: picture });
  await press('Submit');
  await sees(/thea@example\.org/);
});
await step('shows what a call came to', async () => {
  await pick('test_tool_with_progress');
  await press('Execute Tool');
  await sees('Progress was made.');
});
await step('reads a resource', async () => {
  await tab('Resources');
  await pick('Static text');
  await sees(/This is the content of the static text resource/);
});
await step('gets a prompt', async () => {
  await tab('Prompts');
  await pick('Prompt with arguments');
  await p.getByRole('textbox', { name: /arg1/i }).first().fill('one argument');
  await p.getByRole('textbox', { name: /arg2/i }).first().fill('another');
  await press('Get Prompt');
  await sees(/'one argument'|one argument.*another/);
});
await p.screenshot({ path: picture });
await browser.close();
checks.end();
