// The pages at the sizes and in the colours that people have: nothing is cut off, nothing is in the way of people with
// disabilities as far as axe can tell (contrast, names, roles, structure), and the console complains of nothing. With a
// screenshot of each.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { PNG } from 'pngjs';
import { signIn, withBrowser } from '../browser.mjs';

const SIZES = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
  'small-phone': { width: 320, height: 568 },
};

/** Takes a screenshot and looks at what is in it. */
async function photograph(page, path, width) {
  await page.screenshot({ path, fullPage: true });
  const { width: pixels, height, data } = PNG.sync.read(readFileSync(path));
  assert.equal(pixels, width, path);
  assert.ok(height >= 300, path);
  const colours = new Set();
  for (let at = 0; at < data.length; at += 4) {
    colours.add(data.readUInt32BE(at));
  }
  assert.ok(colours.size > 20, `${path} has ${colours.size} colours`);
}

/** What axe finds wrong with a page, by WCAG 2.2 up to AA and by good practice. */
async function barriers(page) {
  await page.evaluate(axe.source);
  const { passes, violations } = await page.evaluate(() => axe.run());
  assert.ok(passes.some((rule) => rule.id === 'color-contrast'), 'axe has looked');
  return violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.html).join(' ')}`);
}

/** Checks the page that is shown. */
async function examine(page, folder, name, width) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `${name} is ${wide} pixels wide`);
  assert.deepEqual(await barriers(page), [], name);
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, name);
  await photograph(page, join(folder, `${name}.png`), width);
}

async function lookAround(open, { base, user, stranger, folder }, name, options) {
  const { context, page, complaints } = await open(options);
  const { width } = options.viewport;
  const look = (what) => examine(page, folder, `${what}-${name}`, width);
  await page.goto(`${base}/auth/login`);
  await look('login');
  assert.deepEqual(complaints.splice(0), [], name);
  // Another one each time: who fails too often has to wait.
  await signIn(page, { ...stranger, login: `${stranger.login}-${name}` });
  await page.getByRole('alert').waitFor();
  await look('error');
  // That the server answered 401 is what Chromium complains of here.
  assert.deepEqual(complaints.splice(0).filter((text) => !text.includes('401')), [], name);
  await signIn(page, user);
  await page.waitForURL(`${base}/auth/home`);
  await look('home');
  await page.goto(`${base}/Patient/17`);
  await look('resource');
  await page.goto(`${base}/auth/logout`);
  await look('logout');
  await page.goto(`${base}/auth/login`);
  await look('signed-in');
  assert.deepEqual(complaints, [], name);
  await context.close();
}

export default (input) =>
  withBrowser(async (open) => {
    for (const [name, viewport] of Object.entries(SIZES)) {
      await lookAround(open, input, name, { viewport, javaScriptEnabled: true });
    }
    await lookAround(open, input, 'dark', {
      viewport: SIZES.desktop,
      colorScheme: 'dark',
      javaScriptEnabled: true,
    });
  });
