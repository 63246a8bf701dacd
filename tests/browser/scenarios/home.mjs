// The home page says who is signed in and what they may read, and leads there.

import assert from 'node:assert/strict';
import { shownJson, signIn, withBrowser } from '../browser.mjs';

async function rowsOf(page) {
  const rows = await page.getByRole('row').all();
  const texts = await Promise.all(rows.slice(1).map((row) => row.locator('th, td').allInnerTexts()));
  return texts.map(([name, access]) => ({ name, access: access.replace(/\s+/g, ' ').trim() }));
}

export default ({ base, users }) =>
  withBrowser(async (open) => {
    const seen = {};
    for (const user of users) {
      const { context, page, complaints } = await open();
      await page.goto(`${base}/auth/home`);
      await signIn(page, user);
      await page.waitForURL(`${base}/auth/home`);
      seen[user.login] = {
        heading: await page.getByRole('heading', { level: 1 }).innerText(),
        groups: await page.locator('dd li').allInnerTexts(),
        rows: await rowsOf(page),
      };
      // Before the resources, for which Chromium wants an icon that there is none of.
      assert.deepEqual(complaints, []);
      const links = await page.locator('tbody a').all();
      for (const href of await Promise.all(links.map((link) => link.getAttribute('href')))) {
        await page.goto(`${base}${href}`);
        const bundle = await shownJson(page);
        assert.deepEqual([bundle.resourceType, bundle.type], ['Bundle', 'searchset'], href);
      }
      await page.goto(`${base}/auth/home`);
      await page.getByRole('link', { name: 'CapabilityStatement' }).click();
      assert.equal((await shownJson(page)).resourceType, 'CapabilityStatement');
      await context.close();
    }
    return seen;
  });
