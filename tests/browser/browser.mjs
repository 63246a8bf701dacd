// A headless Chromium, and what each scenario needs of it.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

/** How long to wait for anything. */
const PATIENCE = 20_000;

const ARGUMENTS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
];

/** Starts the browser with a new, empty profile; what `use` is given opens windows of it that share nothing. */
export async function withBrowser(use) {
  const browser = await chromium.launch({
    executablePath: process.env.GNUHEALTH_FHIR_CHROMIUM,
    headless: true,
    // Chromium's sandbox does not run as root.
    chromiumSandbox: process.getuid() !== 0,
    args: ARGUMENTS,
  });
  try {
    return await use((options) => openWindow(browser, options));
  } finally {
    await browser.close();
  }
}

/** A window with cookies of its own. What its console complains of is kept in `complaints`. Without JavaScript, unless
 * a scenario wants it: the pages must do without. */
async function openWindow(browser, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    javaScriptEnabled: false,
    locale: 'en-GB',
    ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  return { context, page, complaints };
}

/** The fields of the login page, found as assistive technology finds them: by role and name. */
export function loginForm(page) {
  return {
    login: page.getByRole('textbox', { name: 'User name', exact: true }),
    password: page.getByLabel('Password', { exact: true }),
    button: page.getByRole('button', { name: 'Sign in', exact: true }),
    problem: page.getByRole('alert'),
  };
}

/** Fills in the login page that is shown, and sends it. */
export async function signIn(page, user) {
  const form = loginForm(page);
  await form.login.fill(user.login);
  await form.password.fill(user.password);
  await form.button.click();
}

/** The session cookie of a window, if it has one. */
export async function sessionCookie(context) {
  const cookies = await context.cookies();
  return cookies.find((cookie) => cookie.name.endsWith('gnuhealth-session'));
}

/** Path and query of where a page is, which must be on the origin of the app. */
export function whereOn(base, page) {
  const url = new URL(page.url());
  assert.equal(url.origin, new URL(base).origin, `left the origin: ${url}`);
  return url.pathname + url.search;
}

/** The JSON that a page shows. */
export async function shownJson(page) {
  return JSON.parse(await page.locator('pre.resource').innerText());
}
