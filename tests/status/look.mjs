// SPDX-License-Identifier: MIT
/*
 * look.mjs - /status as a person sees it, in a headless Chromium: light, dark and on a phone, with
 * the keyboard alone, and without JavaScript.
 *
 * usage: node look.mjs PAGE PICTURES KIND[,KIND...]
 * Pictures are PICTURES-light.png, -dark.png and -phone.png. Each KIND must be among what is said.
 */
import { Checks, load, same } from '../clients/checks.mjs';

const [page, pictures, kinds] = process.argv.slice(2);
const { chromium } = (await load('playwright-core')).default;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
    '--disable-background-networking', '--disable-component-update'],
});
const checks = new Checks();
const asked = new Set();
const complaints = [];

async function open(options) {
  const context = await browser.newContext(options);
  const p = await context.newPage();
  p.setDefaultTimeout(15000);
  p.on('console', (m) => m.type() === 'error' && complaints.push(m.text()));
  p.on('pageerror', (e) => complaints.push(String(e)));
  p.on('request', (r) => asked.add(r.url()));
  await p.goto(page);
  if (options.javaScriptEnabled !== false) await p.locator('.say').first().waitFor();
  return p;
}

/* The lowest contrast of text against what is behind it (WCAG 2.2, 1.4.3), with where it is. */
const contrast = () => {
  const rgb = (c) => c.match(/[\d.]+/g).slice(0, 3).map(Number);
  const light = (c) => rgb(c).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let worst = [21, ''];
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length) continue;
    let behind = e;
    while (behind && /, 0\)$|transparent/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    const style = getComputedStyle(e);
    const [a, b] = [light(e instanceof SVGElement ? style.fill : style.color),
      light(getComputedStyle(behind ?? document.body).backgroundColor)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < worst[0]) worst = [ratio, e.outerHTML.slice(0, 80)];
  }
  return worst;
};
const readable = async (p) => {
  const [ratio, where] = await p.evaluate(contrast);
  return ratio >= 4.5 ? undefined : `${ratio.toFixed(2)} of ${where}`;
};

for (const [name, options] of Object.entries({
  light: { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: 'light', viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
})) {
  const p = await open(options);
  await checks.run(`${name}: says ${kinds}`, async () => {
    for (const kind of kinds.split(',')) await p.locator(`.say[data-kind=${kind}]`).waitFor();
  });
  await checks.run(`${name}: contrast`, () => readable(p));
  await checks.run(`${name}: nothing is wider than the page`, async () => {
    const [is, may] = await p.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    return is <= may ? undefined : `${is} of ${may} pixels`;
  });
  await checks.run(`${name}: nothing moves by itself`, async () =>
    same(await p.evaluate(() => document.getAnimations().length), 0));
  await p.screenshot({ path: `${pictures}-${name}.png`, fullPage: true });
  await p.context().close();
}

const p = await open({ colorScheme: 'light', viewport: { width: 1280, height: 900 } });
await checks.run('keyboard: all that does something is reached, in order', async () => {
  const reached = [];
  for (let i = 0; i < 60; i++) {
    await p.keyboard.press('Tab');
    const what = await p.evaluate(() => document.activeElement.id || document.activeElement.tagName.toLowerCase());
    if (what === 'body') break;
    reached.push(what);
  }
  const wanted = ['pause', 'at', 'summary', 'services', 'causes', 'workers', 'leavers', 'a'];
  return same(wanted.filter((w) => reached.includes(w)).join(), wanted.join()) ??
    same([...new Set(reached)].filter((w) => wanted.includes(w)).join(), wanted.join());
});
await checks.run('keyboard: looks back in time', async () => {
  await p.locator('#at').focus();
  const now = await p.locator('#time').textContent();
  for (let i = 0; i < 2; i++) await p.keyboard.press('ArrowLeft');
  const then = await p.locator('#time').textContent();
  return now !== then && (await p.locator('#at').getAttribute('aria-valuetext')) === then ? undefined : then;
});
await checks.run('keyboard: a curve as numbers', async () => {
  await p.locator('summary').first().focus();
  await p.keyboard.press('Enter');
  await p.locator('.numbers table').first().waitFor();
});
await checks.run('keyboard: pauses and goes on', async () => {
  await p.locator('#pause').focus();
  await p.keyboard.press('Enter');
  const paused = await p.locator('#when').textContent();
  await p.keyboard.press('Enter');
  await p.locator('#when:not(:has-text("paused"))').waitFor();
  return /paused/.test(paused) ? undefined : paused;
});
await checks.run('curves are named for who does not see them', async () => {
  const names = await p.locator('svg.chart').evaluateAll((all) => all.map((e) => e.getAttribute('aria-label')));
  return names.length >= 5 && names.every((n) => n) ? undefined : JSON.stringify(names);
});
await checks.run('renews itself', async () => {
  const before = await p.locator('#when').textContent();
  await p.waitForFunction((was) => document.getElementById('when').textContent !== was, before);
});
await checks.run('without JavaScript: says where else it stands', async () => {
  const plain = await open({ javaScriptEnabled: false });
  await plain.getByText('status.json says the same').or(plain.locator('noscript a')).first().waitFor();
});
await checks.run('asks for itself and its numbers alone', () =>
  same([...asked].sort().join(), [page, `${page}.json`].sort().join()));
await checks.run('no complaint of the browser', () => same(complaints.join('; '), ''));
await browser.close();
checks.end();
