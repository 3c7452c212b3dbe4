// SPDX-License-Identifier: MIT
/*
 * page.mjs - a person at the Inspector's page, in a headless Chromium: connects, calls tools, of
 * which one asks for more, reads logs and resources, hears of a change, gets prompts; each step is
 * held to what the page says.
 *
 * usage: node page.mjs PAGE http|stdio VERSION SCREENSHOTS    (see page.py)
 * PAGE is its URL with its token; VERSION of the protocol must be what the page shows;
 * SCREENSHOTS is where pictures go: -form.png, -change.png, -log.png, -end.png, and -failed.png of
 * the step that failed.
 */
import { Checks, load, same } from './checks.mjs';

const [page, way, version, pictures] = process.argv.slice(2);
const modern = version === '2026-07-28';
const { chromium } = (await load('playwright-core')).default;
const STEP_MS = 60000;      /* until the page shows what it should */
const TIME = /^[\d/]+, [\d:]+ [AP]M$/;      /* as it says when it was told of a resource */
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  /* It is root in a test, and looks for nothing outside of the machine. */
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
    '--disable-background-networking', '--disable-component-update'],
});
const tab = await browser.newPage({ viewport: { width: 1500, height: 1000 } });
tab.setDefaultTimeout(STEP_MS);
const checks = new Checks();
const wrong = [];
tab.on('pageerror', (e) => wrong.push(String(e)));

const picture = (name) => tab.screenshot({ path: `${pictures}-${name}.png`, animations: 'disabled' });
const main = tab.getByRole('main');
const sees = (text, where = main) => where.getByText(text).first().waitFor();
const press = (name, where = main) => where.getByRole('button', { name, exact: true }).click();
const choose = (text) => main.getByText(text, { exact: true }).first().click();
const write = (name, text, where = main) => where.getByRole('textbox', { name, exact: true }).fill(text);
const screen = (name) => tab.getByRole('radiogroup').first().getByText(name, { exact: true }).click();

/* A step of the person; what comes after one that failed would only fail as well. */
async function step(name, body) {
  if (checks.failed > 0) return;
  await checks.run(name, async () => {
    try {
      return await body();
    } catch (e) {
      await picture('failed');
      throw e;
    }
  });
}

async function callTool(name) {
  await screen('Tools');
  await choose(name);
}

await step('connects', async () => {
  await tab.goto(page);
  await tab.getByLabel('Connect or disconnect "bridge"').click({ force: true });
  await tab.getByText(/^Connected \(/).waitFor();
  await sees(`MCP ${version}`);
  await press('Close monitoring sidebar', tab);
});
await step('lists the tools', async () => {
  await screen('Tools');
  await sees(/^Tools \([1-9]\d*\)$/);
  await sees('test_elicitation');
});
await step('calls a tool that asks, and shows the form', async () => {
  await callTool('test_elicitation');
  await write('message', 'Who are you?');
  await press('Execute Tool');
  const form = tab.getByRole('dialog');
  await sees('Elicitation Request', form);
  await sees(/Who are you\?/, form);
  await write('username', 'thea', form);
  await write('email', 'thea@example.org', form);
  await picture('form');
  await press('Submit', form);
  await sees('User response: action=accept, content={"username": "thea", "email": "thea@example.org"}');
});
await step('declines what a tool asks', async () => {
  await callTool('test_streaming_elicitation');
  await press('Execute Tool');
  const form = tab.getByRole('dialog');
  await sees(/Go on\?/, form);
  await press('Decline', form);
  await sees('action=decline, content={}');
});
await step('calls a tool that streams', async () => {
  await callTool('test_tool_with_progress');
  await press('Execute Tool');
  await sees('Progress was made.');
  await sees('100 of 100', tab);
});
await step('reads the log of a tool', async () => {
  await screen('Logs');
  await main.getByRole('textbox', { name: modern ? 'Log Level per Request' : 'Set Active Level' }).click();
  await tab.getByRole('option', { name: 'debug', exact: true }).click();
  await callTool('test_tool_with_logging');
  await press('Execute Tool');
  await sees('The log was written.');
  await screen('Logs');
  for (const what of ['execution started', 'processing data', 'execution completed']) await sees(`Tool ${what}`);
  await picture('log');
});
await step('lists and reads resources', async () => {
  await screen('Resources');
  await sees(/^URIs \([1-9]\d*\)$/);
  await choose('Static text');
  await sees('This is the content of the static text resource.');
  await choose('template-data');
  await write('id', 'one');
  await press('Read Resource');
  await sees(/Data for ID: one/);
});
await step('shows an image', async () => {
  await choose('Static image');
  const image = main.locator('img[src^="data:image/png"]').first();
  await image.waitFor();
  return same(await image.evaluate((i) => i.naturalWidth), 1);
});
await step('hears of a change', async () => {
  await choose('watched-resource');
  const text = main.getByText(/^This is the content of the watched resource/);
  const before = await text.innerText();
  const subscribe = main.getByRole('button', { name: 'Subscribe', exact: true });
  /* Over stdio nothing tells of changes, and it is not offered. */
  if (way === 'stdio') return same(await subscribe.count(), 0);
  await subscribe.click();
  /* First it is told that the resource is as it is, and says when, to the second. */
  const first = await main.getByText(TIME).innerText();
  await tab.waitForTimeout(1000);
  await fetch(`${process.env.UMS_MCP_SERVICE_FIXTURES_BASE_URL}/resources/watched/change`);
  await main.getByText(TIME).filter({ hasNotText: first }).waitFor();
  await press('Refresh');
  await text.filter({ hasNotText: before }).waitFor();
  await picture('change');
  await main.getByRole('button', { name: 'Unsubscribe', exact: true }).first().click();
  await subscribe.waitFor();
});
await step('completes an argument, gets a prompt', async () => {
  await screen('Prompts');
  await sees(/^Prompts \([1-9]\d*\)$/);
  await choose('Prompt with arguments');
  await write('arg1', 'pari');
  await tab.getByRole('option', { name: 'paris', exact: true }).click();
  await write('arg2', 'red');
  await tab.keyboard.press('Tab');
  await press('Get Prompt');
  await sees("Prompt with arguments: arg1='paris', arg2='red'");
});
await step('no script failed', async () => {
  await picture('end');
  return wrong.join(' ') || undefined;
});
await browser.close();
checks.end();
