// A browser that asks for a resource is sent to the login page; a wrong password is told, the right one leads there.

import assert from 'node:assert/strict';
import { loginForm, sessionCookie, shownJson, signIn, whereOn, withBrowser } from '../browser.mjs';

export default ({ base, user }) =>
  withBrowser(async (open) => {
    const { context, page } = await open();
    await page.goto(`${base}/Patient/1`);
    assert.equal(whereOn(base, page), '/auth/login?next=%2FPatient%2F1');
    assert.equal(await page.title(), 'Sign in · GNU Health FHIR');
    const form = loginForm(page);
    assert.equal(await form.problem.count(), 0);
    assert.equal(await form.login.getAttribute('autocomplete'), 'username');
    assert.equal(await form.password.getAttribute('autocomplete'), 'current-password');
    assert.equal(await form.password.getAttribute('type'), 'password');

    await signIn(page, { ...user, password: 'wrong' });
    await form.problem.waitFor();
    assert.match(await form.problem.innerText(), /user name or the password is not right/);
    assert.match(await page.title(), /^Error: /);
    assert.equal(await form.login.inputValue(), user.login);
    assert.equal(await form.password.inputValue(), '');
    assert.equal(await form.password.getAttribute('aria-describedby'), await form.problem.getAttribute('id'));
    assert.equal(await sessionCookie(context), undefined);

    await form.password.fill(user.password);
    await form.button.click();
    await page.waitForURL(`${base}/Patient/1`);
    const patient = await shownJson(page);
    assert.deepEqual([patient.resourceType, patient.id], ['Patient', '1']);

    const cookie = await sessionCookie(context);
    assert.deepEqual(
      [cookie.name, cookie.httpOnly, cookie.sameSite, cookie.path, cookie.secure],
      ['gnuhealth-session', true, 'Lax', '/', false],
    );
    for (const other of await context.cookies()) {
      assert.ok(other.httpOnly && other.sameSite === 'Lax', other.name);
    }
    return { cookie: cookie.value };
  });
