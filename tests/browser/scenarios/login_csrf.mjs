// Another site cannot sign a victim in, not even with a token that the attacker was given by the app.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { sessionCookie, withBrowser } from '../browser.mjs';

/** A form as the attacker's page has it. */
function trap(base, user, token) {
  return `<!doctype html><form method="post" action="${base}/auth/login">
    <input name="login" value="${user.login}"><input name="password" value="${user.password}">
    <input name="token" value="${token}"><input name="next" value="/auth/home"><button>Win</button></form>`;
}

/** The token of a login page that the attacker has asked for. */
async function tokenOf(base) {
  const html = await (await fetch(`${base}/auth/login`)).text();
  return /name="token" value="([^"]+)"/.exec(html)[1];
}

export default ({ base, user }) =>
  withBrowser(async (open) => {
    let token = '';
    const evil = createServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(trap(base, user, token));
    });
    evil.listen(0, '127.0.0.1');
    await once(evil, 'listening');
    const { port } = evil.address();
    try {
      for (const site of [`http://127.0.0.1:${port}`, `http://localhost:${port}`]) {
        for (token of ['', await tokenOf(base)]) {
          const { context, page } = await open();
          // The victim has been to the login page.
          await page.goto(`${base}/auth/login`);
          await page.goto(site);
          const answered = page.waitForResponse(`${base}/auth/login`);
          await page.getByRole('button', { name: 'Win' }).click();
          assert.equal((await answered).status(), 403, site);
          assert.equal(await sessionCookie(context), undefined, site);
          await page.getByRole('alert').waitFor();
          await context.close();
        }
      }
    } finally {
      evil.close();
    }
  });
