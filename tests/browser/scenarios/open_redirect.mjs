// Whatever `next` says, signing in stays on the origin of the app.

import assert from 'node:assert/strict';
import { signIn, whereOn, withBrowser } from '../browser.mjs';

export default ({ base, user, attempts }) =>
  withBrowser(async (open) => {
    const landed = {};
    for (const attempt of attempts) {
      const { context, page } = await open();
      // No other host is ever asked.
      const asked = [];
      context.on('request', (request) => asked.push(new URL(request.url()).origin));
      await page.goto(`${base}/auth/login?next=${attempt}`);
      await signIn(page, user);
      await page.waitForURL((url) => url.pathname !== '/auth/login');
      landed[attempt] = whereOn(base, page);
      assert.deepEqual([...new Set(asked)], [new URL(base).origin], attempt);
      await context.close();
    }
    return landed;
  });
