// Signing in and out with the keyboard alone, and the focus is always to be seen.

import assert from 'node:assert/strict';
import { withBrowser } from '../browser.mjs';

/** What has the focus: its name or text, and how its outline is drawn. */
function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return { what: element.name || element.innerText.trim(), outline: `${outlineStyle} ${outlineWidth}` };
  });
}

async function expectFocus(page, what) {
  assert.deepEqual(await focused(page), { what, outline: 'solid 3px' });
}

export default ({ base, user }) =>
  withBrowser(async (open) => {
    const { page } = await open({ javaScriptEnabled: true });
    await page.goto(`${base}/auth/login`);
    await expectFocus(page, 'login');
    await page.keyboard.type(user.login);
    await page.keyboard.press('Tab');
    await expectFocus(page, 'password');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Tab');
    await expectFocus(page, 'Sign in');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    // The name is kept: what has to be typed again has the focus.
    await expectFocus(page, 'password');
    await page.keyboard.type(user.password);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${base}/auth/home`);

    const order = [];
    for (let stop = 0; stop < 2; stop += 1) {
      await page.keyboard.press('Tab');
      const { what, outline } = await focused(page);
      assert.equal(outline, 'solid 3px', what);
      order.push(what.replace(/\s+/g, ' '));
    }
    assert.deepEqual(order, ['GNU Health FHIR', 'Sign out']);
    await page.keyboard.press('Enter');
    await page.getByRole('status').waitFor();
  });
