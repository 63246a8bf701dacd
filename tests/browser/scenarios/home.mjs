// The home page says who is signed in and what they may read, and leads there.

import assert from 'node:assert/strict';
import { shownJson, signIn, withBrowser } from '../browser.mjs';

/** The resource types that the page names, and what it says of the access to them. */
async function servedOn(page) {
  const section = page.getByRole('region', { name: 'What you may read' });
  const names = await section.locator('dt').allInnerTexts();
  const access = await section.locator('dd').allInnerTexts();
  return names.map((name, index) => ({ name, access: access[index].replace(/\s+/g, ' ').trim() }));
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
        groups: await page.getByRole('listitem').allInnerTexts(),
        served: await servedOn(page),
      };
      const links = await page.locator('dt a').all();
      for (const href of await Promise.all(links.map((link) => link.getAttribute('href')))) {
        await page.goto(`${base}${href}`);
        const bundle = await shownJson(page);
        assert.deepEqual([bundle.resourceType, bundle.type], ['Bundle', 'searchset'], href);
        for (const { fullUrl, resource } of bundle.entry?.slice(0, 1) ?? []) {
          await page.locator(`pre a[href="${fullUrl}"]`).click();
          assert.equal((await shownJson(page)).id, resource.id);
          await page.getByRole('link', { name: 'XML' }).waitFor();
        }
      }
      await page.goto(`${base}/auth/home`);
      await page.getByRole('link', { name: 'CapabilityStatement' }).click();
      assert.equal((await shownJson(page)).resourceType, 'CapabilityStatement');
      assert.deepEqual(complaints, []);
      await context.close();
    }
    return seen;
  });
