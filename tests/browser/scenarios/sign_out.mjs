// Signing out ends the session: the cookie is gone, and whoever kept it has nothing.

import assert from 'node:assert/strict';
import { sessionCookie, signIn, whereOn, withBrowser } from '../browser.mjs';

export default ({ base, user, effect }) =>
  withBrowser(async (open) => {
    const { context, page } = await open();
    await page.goto(`${base}/auth/home`);
    assert.equal(whereOn(base, page), '/auth/login');
    await signIn(page, user);
    await page.waitForURL(`${base}/auth/home`);
    const cookie = await sessionCookie(context);

    // There are two ways: the button at home, which this takes, and a page of its own.
    await page.goto(`${base}/auth/logout`);
    await page.getByRole('link', { name: 'Stay signed in' }).click();
    await page.waitForURL(`${base}/auth/home`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(/\/auth\/login/);
    assert.match(await page.getByRole('status').innerText(), /signed out/);
    assert.equal(await sessionCookie(context), undefined);

    // Instances of the app remember a session for seconds, so this may take some attempts.
    const end = Date.now() + effect;
    do {
      await context.addCookies([cookie]);
      await page.goto(`${base}/Patient/1`);
    } while (whereOn(base, page) === '/Patient/1' && Date.now() < end);
    assert.equal(whereOn(base, page), '/auth/login?next=%2FPatient%2F1');
    return { cookie: cookie.value };
  });
