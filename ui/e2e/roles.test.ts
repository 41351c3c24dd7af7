import { createHmac } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, inject, test, vi } from 'vitest';

import { atService, done, loggedIn, person, useBrowser } from './browser';
import { ask } from './daemon';

useBrowser();
const people = inject('people');
const served = inject('served');

test('somebody who is not logged in sees the public status, and no more', async () => {
  const nobody = await person();
  const { page } = nobody;
  await page.goto('/');
  await page.getByRole('heading', { name: 'System Status' }).waitFor();
  const card = page.getByRole('article').filter({ hasText: 'Redis Service' });
  await card.getByText('Running').waitFor();
  await card.getByRole('link', { name: /Details/ }).click();
  await page.locator('.badge', { hasText: 'Running' }).first().waitFor();
  const text = await page.locator('main').innerText();
  for (const word of ['Uptime', 'PID', 'Show Logs', 'Recent Recoveries', 'Evidence']) expect(text).not.toContain(word);
  await page.goto('/audit');
  await page.waitForURL(/\/login\?next=/);
  await done(nobody);
});

test('a wrong password is told, and the right one leads to where one wanted to go', async () => {
  const one = await person();
  const { page } = one;
  await page.goto('/events');
  await page.getByLabel('Email').fill(people.viewer.email);
  await page.getByLabel('Password', { exact: true }).fill('not this one at all');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Password', { exact: true }).fill(people.viewer.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(/\/events/);
  await done(one);
});

test('the guide’s three ways lead to the service', async () => {
  const admin = await loggedIn(people.admin);
  const { page } = admin;
  await page.goto('/settings');
  const nav = page.getByRole('navigation', { name: 'Main' });
  await nav.getByRole('button', { name: 'Services' }).click();
  await nav.getByRole('link', { name: 'Redis Service Management' }).click();
  await page.getByRole('heading', { level: 1, name: 'Redis Service' }).waitFor();
  await nav.getByRole('link', { name: 'System Status' }).click();
  await page.getByRole('article').filter({ hasText: 'Redis Service' }).getByRole('link', { name: /Manage/ }).click();
  await page.waitForURL(/\/services\/redis$/);
  await nav.getByRole('button', { name: 'Services' }).click();
  await nav.getByRole('link', { name: 'All services' }).click();
  await page.locator('main').getByRole('link', { name: /Redis Service/ }).click();
  await page.waitForURL(/\/services\/redis$/);
  await done(admin);
});

test('a viewer can reach no operation, and is told which role can', async () => {
  const viewer = await loggedIn(people.viewer);
  const page = await atService(viewer);
  const start = page.getByRole('button', { name: 'Start', exact: true });
  expect(await start.getAttribute('aria-disabled')).toBe('true');
  // A person's click reaches it; Playwright by itself would wait until it is enabled.
  await start.click({ force: true });
  const dialog = page.getByRole('dialog', { name: /Permission Denied/ });
  expect(await dialog.innerText()).toContain('Operator');
  await dialog.getByRole('button', { name: 'Close' }).click();
  expect(await page.getByRole('button', { name: 'Show Logs' }).count()).toBe(0);
  await page.goto('/audit');
  await page.getByRole('heading', { name: /Permission Denied/ }).waitFor();
  await done(viewer);
});

test('an operator who meets Stop asks for access, and an administrator grants it', async () => {
  const [operator, admin] = [await loggedIn(people.operator), await loggedIn(people.admin)];
  const page = await atService(operator);
  await page.getByRole('button', { name: 'Stop' }).focus();
  await page.keyboard.press('Enter');
  const denied = page.getByRole('dialog', { name: /Permission Denied/ });
  const text = (await denied.innerText()).replace(/\s+/g, ' ');
  for (const word of ['You do not have permission to stop the Redis service. This operation requires Admin role.', 'Your role: Operator', 'Required role: Admin', 'Contact a system administrator', 'Submit a service request', 'Escalate to on-call admin'])
    expect(text).toContain(word);
  await denied.getByRole('button', { name: 'Contact Admin' }).click();
  const form = page.getByRole('dialog', { name: 'Request access' });
  expect(await form.getByLabel('Current role').inputValue()).toBe('Operator');
  expect(await form.getByLabel('Requested role').inputValue()).toBe('admin');
  await form.getByLabel('Justification').fill('The data disk is replaced tonight.');
  await form.getByLabel('Duration needed').selectOption('14400');
  await form.getByRole('button', { name: 'Submit request' }).click();
  await page.getByText('Your request was submitted.').waitFor();

  await admin.page.goto('/requests');
  const row = admin.page.getByRole('listitem').filter({ hasText: 'The data disk is replaced tonight.' });
  await row.getByRole('button', { name: 'Approve' }).click();
  await row.getByText('Approved').first().waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Show Logs' }).waitFor();
  expect(await page.getByRole('button', { name: 'Stop' }).getAttribute('aria-disabled')).toBeNull();
  await done(operator, admin);
});

/** RFC 6238: what an authenticator app shows now. */
function totp(secret: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = Array.from(secret.replace(/\s|=/g, '')).map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[mac.length - 1]! & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('two-factor authentication is set up, asked for, and switched off', async () => {
  const viewer = await loggedIn(people.viewer);
  const { page } = viewer;
  await page.goto('/settings');
  const section = page.getByRole('region', { name: 'Two-factor authentication' });
  await section.getByLabel('Current password').fill(people.viewer.password);
  await section.getByRole('button', { name: 'Set up' }).click();
  const secret = await section.locator('code.key').innerText();
  await section.getByLabel('Code').fill(totp(secret));
  await section.getByRole('button', { name: 'Switch on' }).click();
  const codes = await section.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allInnerTexts();
  expect(codes.length).toBeGreaterThan(5);

  const again = await person();
  await again.page.goto('/login');
  await again.page.getByLabel('Email').fill(people.viewer.email);
  await again.page.getByLabel('Password', { exact: true }).fill(people.viewer.password);
  await again.page.getByRole('button', { name: 'Log in' }).click();
  await again.page.getByLabel('Code from your authenticator app').fill(codes[0]!);
  await again.page.getByRole('button', { name: 'Log in' }).click();
  await again.page.waitForURL(/\/services/);

  await section.getByLabel('Current password').fill(people.viewer.password);
  await section.getByLabel('Code from your authenticator app').fill('000000');
  await section.getByRole('button', { name: 'Switch off' }).click();
  await section.getByRole('alert').waitFor();
  await section.getByLabel('Code from your authenticator app').fill(codes[1]!);
  await section.getByRole('button', { name: 'Switch off' }).click();
  await section.getByText('Off. A password alone opens your account.').waitFor();
  await done(viewer, again);
});

test('a role that needs two-factor authentication comes no further than to its set-up', async () => {
  const settings = join(served.folder, 'resus.yaml');
  const before = readFileSync(settings, 'utf8');
  const needed = async (): Promise<boolean> => {
    const answer = await ask(served, 'POST', '/api/auth/login', people.viewer);
    return (answer.body as { totp_setup_required?: boolean }).totp_setup_required === true;
  };
  const reload = async (text: string, wanted: boolean): Promise<void> => {
    writeFileSync(settings, text);
    process.kill(served.pid, 'SIGHUP');
    await vi.waitUntil(async () => (await needed()) === wanted, { timeout: 60_000 });
  };
  await reload(`${before}\nsecurity: {require_totp: [viewer]}\n`, true);
  try {
    const one = await person();
    const { page } = one;
    await page.goto('/login');
    await page.getByLabel('Email').fill(people.viewer.email);
    await page.getByLabel('Password', { exact: true }).fill(people.viewer.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('Your role needs two-factor authentication.').waitFor();
    await page.goto('/events');
    await page.waitForURL(/\/settings$/);
    const section = page.getByRole('region', { name: 'Two-factor authentication' });
    await section.getByLabel('Current password').fill(people.viewer.password);
    await section.getByRole('button', { name: 'Set up' }).click();
    await section.getByLabel('Code').fill(totp(await section.locator('code.key').innerText()));
    await section.getByRole('button', { name: 'Switch on' }).click();
    const code = await section.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').first().innerText();
    await page.goto('/events');
    await page.getByRole('heading', { level: 1, name: 'Events' }).waitFor();
    await page.goto('/settings');
    await section.getByLabel('Current password').fill(people.viewer.password);
    await section.getByLabel('Code from your authenticator app').fill(code);
    await section.getByRole('button', { name: 'Switch off' }).click();
    await page.getByText('Your role needs two-factor authentication.').waitFor();
    await done(one);
  } finally {
    await reload(before, false);
  }
});

test('a login that ends elsewhere is told, and the public pages still work', async () => {
  const [one, two] = [await loggedIn(people.viewer), await loggedIn(people.viewer)];
  await one.page.goto('/settings');
  const others = one.page.getByRole('region', { name: 'Sessions' });
  await others.getByText('(this one)').waitFor();
  while ((await others.getByRole('button', { name: 'End' }).count()) > 0) {
    const before = await others.getByRole('listitem').count();
    await others.getByRole('button', { name: 'End' }).first().click();
    await one.page.waitForFunction((n) => document.querySelectorAll('section[aria-labelledby] li .button').length < n, before);
  }
  await two.page.goto('/events');
  await two.page.getByRole('button', { name: 'Log in' }).waitFor();
  await two.page.goto('/status');
  await two.page.getByRole('article').filter({ hasText: 'Redis Service' }).getByText('Running').waitFor();
  await done(one, two);
});
