import { readFileSync } from 'node:fs';

import { expect, inject, test } from 'vitest';

import { atService, done, loggedIn, person, useBrowser } from './browser';
import { ordered } from './daemon';

useBrowser();
const people = inject('people');

test('the logs are shown, searched and followed', async () => {
  const admin = await loggedIn(people.admin);
  const page = await atService(admin);
  await page.getByRole('button', { name: 'Show Logs' }).click();
  const log = page.getByRole('log');
  await log.locator('.line').first().waitFor();
  await page.getByLabel('Find').fill('no line has this in it');
  await log.getByText('No line matches.').waitFor();
  await page.getByLabel('Find').fill('');
  await page.getByLabel('Follow').check();
  // The newest stands on top. A start ends with this line: the restart's own is the one that comes.
  const ready = log.getByText('Ready to accept connections');
  const before = await ready.count();
  await page.getByRole('button', { name: 'Restart' }).click();
  await page.getByRole('button', { name: 'Confirm Restart', exact: true }).click();
  await page.getByText('Redis service restarted successfully').first().waitFor();
  await expect.poll(() => ready.count(), { timeout: 20_000 }).toBeGreaterThan(before);
  await done(admin);
});

test('the audit log is filtered, exported and summed up', async () => {
  await ordered(inject('served'), 'restart');
  const admin = await loggedIn(people.admin);
  const { page } = admin;
  await page.goto('/audit');
  const table = page.getByRole('table', { name: 'Lines' });
  await table.getByText('restart · redis').first().waitFor();
  await page.getByLabel('Operation').fill('start');
  await page.getByRole('button', { name: 'Filter' }).click();
  await table.getByText('restart · redis').first().waitFor({ state: 'detached' });
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export (CSV)' }).click()]);
  const text = readFileSync(await file.path(), 'utf8');
  expect(text).toMatch(/^timestamp,event_type,service,operation,user,/);
  expect(text).toContain(',start,');
  await page.getByRole('heading', { name: 'By operation' }).waitFor();
  await page.getByRole('combobox', { name: 'Reports' }).selectOption('daily');
  await page.getByText('resus audit summary').waitFor();
  await done(admin);
});

test('a user is made, changed and shut out; own accounts are changed elsewhere', async () => {
  const admin = await loggedIn(people.admin);
  const { page } = admin;
  await page.goto('/users');
  await page.getByLabel('Email', { exact: true }).fill('fresh@example.org');
  await page.getByRole('region', { name: 'Add a user' }).getByRole('combobox').selectOption('operator');
  await page.getByLabel('First password').fill('one quite long password');
  await page.getByRole('button', { name: 'Create user' }).click();
  await page.getByText('fresh@example.org was created.').waitFor();
  const row = page.getByRole('row').filter({ hasText: 'fresh@example.org' });
  await row.getByRole('button', { name: /^Disable/ }).click();
  await row.getByText('Disabled', { exact: true }).waitFor();

  const fresh = await person();
  await fresh.page.goto('/login');
  await fresh.page.getByLabel('Email').fill('fresh@example.org');
  await fresh.page.getByLabel('Password', { exact: true }).fill('one quite long password');
  await fresh.page.getByRole('button', { name: 'Log in' }).click();
  await fresh.page.getByRole('alert').waitFor();

  // One's own account needs the password, for which there is a page.
  expect(await page.getByLabel(`Role of ${people.admin.email}`).isDisabled()).toBe(true);
  await page.getByRole('link', { name: 'Your own account is changed under Settings.' }).click();
  await page.getByRole('region', { name: 'Password' }).waitFor();
  await done(admin, fresh);
});

test('automatic recovery is set, paused and resumed', async () => {
  const admin = await loggedIn(people.admin);
  const { page } = admin;
  await page.goto('/settings');
  const section = page.getByRole('region', { name: 'Auto-Recovery' });
  const attempts = section.getByLabel('Max attempts');
  await attempts.fill('4');
  await section.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await page.reload();
  await page.waitForFunction(() => document.querySelector<HTMLInputElement>('input[type=number]')?.value === '4');
  await section.getByLabel('Reason').fill('the disk is replaced');
  await section.getByRole('button', { name: 'Pause automatic recovery' }).click();
  await section.getByRole('button', { name: 'End the pause' }).click();
  await section.getByRole('button', { name: 'Pause automatic recovery' }).waitFor();
  await attempts.fill('3');
  await section.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await done(admin);
});

test('an access token is shown once and can be revoked', async () => {
  const admin = await loggedIn(people.admin);
  const { page } = admin;
  await page.goto('/settings');
  const section = page.getByRole('region', { name: 'Access tokens' });
  await section.getByLabel('Name').fill('monitoring');
  await section.getByRole('button', { name: 'Create token' }).click();
  await section.getByText('Copy it now: it is not shown again.').waitFor();
  await section.getByRole('button', { name: 'Revoke: monitoring' }).click();
  await page.getByText('The token was revoked.').waitFor();
  await done(admin);
});

test('a password is changed by its owner, and the list shows that other sessions ended', async () => {
  const elsewhere = await loggedIn(people.viewer);
  await elsewhere.context.close();
  const viewer = await loggedIn(people.viewer);
  const { page } = viewer;
  await page.goto('/settings');
  const section = page.getByRole('region', { name: 'Password', exact: true });
  const change = async (from: string, to: string): Promise<void> => {
    await section.getByLabel('Current password').fill(from);
    await section.getByLabel('New password', { exact: true }).fill(to);
    await section.getByLabel('New password again').fill(to);
    await section.getByRole('button', { name: 'Change password' }).click();
    await page.waitForFunction(() => [...document.querySelectorAll<HTMLInputElement>('input[type=password]')].every((field) => field.value === ''));
  };
  const others = page.getByRole('region', { name: 'Sessions' }).getByRole('button', { name: 'End' });
  await others.first().waitFor();
  await change(people.viewer.password, 'another quite long one');
  await expect.poll(() => others.count()).toBe(0);
  await change('another quite long one', people.viewer.password);
  await done(viewer);
});
