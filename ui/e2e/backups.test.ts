import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';

import { faults } from './axe';
import { done, loggedIn, useBrowser } from './browser';
import { ask } from './daemon';
import { withStore, type Store } from './store';

useBrowser();
const people = inject('people');
const served = inject('served');
const PAGE = '/services/redis/backups';
let store: Store;
beforeAll(async () => {
  store = await withStore(served);
});
afterAll(() => store.stop());

const table = (page: Page): ReturnType<Page['getByRole']> => page.getByRole('table', { name: 'Backups of Redis Service' });
const rowOf = (page: Page, id: string): ReturnType<Page['getByRole']> => table(page).getByRole('row').filter({ hasText: id });
async function details(page: Page, id: string): Promise<ReturnType<Page['getByRole']>> {
  await page.getByRole('button', { name: `Details of backup ${id}` }).click();
  return page.getByRole('dialog', { name: `Backup ${id}` });
}

test('without settings the page says how, and a first backup is made by hand while others look on', { timeout: 120_000 }, async () => {
  const [operator, viewer] = [await loggedIn(people.operator), await loggedIn(people.viewer)];
  const { page } = operator;
  await store.redis('CONFIG', 'SET', 'repl-diskless-sync-delay', '4');
  await viewer.page.goto(PAGE);
  await viewer.page.getByText('No backups are configured for this service.').waitFor();
  await page.goto('/services/redis');
  await page.getByRole('region', { name: 'Backups' }).getByRole('link', { name: 'All backups' }).click();
  await page.getByText('schedule: "02:30"').waitFor();
  expect(await faults(page)).toEqual([]);
  await page.getByRole('button', { name: 'Back up now' }).click();
  await page.getByLabel('Reason (optional)').fill('before the upgrade');
  await page.getByRole('dialog').getByRole('button', { name: 'Back up now' }).click();
  await page.getByText(`${people.operator.email}: making a backup`).waitFor();
  await page.getByText('Redis prepares its copy.').waitFor();
  // One task of a service at a time, and the button says so.
  expect(await page.getByRole('button', { name: 'Back up now' }).getAttribute('title')).toContain('is making a backup');
  await viewer.page.getByText('another user: making a backup').waitFor();
  await page.locator('.notices').getByText('Backups of Redis Service: the backup is proved').waitFor();
  await table(page).getByText('Proved', { exact: true }).waitFor();
  await page.getByText(/A loss now would cost the changes of the last \d+ seconds?\./).waitFor();
  expect(await table(page).innerText()).toContain(`by ${people.operator.email}: before the upgrade`);
  const seen = await table(viewer.page).innerText();
  expect(seen).toContain('by another user');
  expect(seen).not.toContain('upgrade');
  await store.redis('CONFIG', 'SET', 'repl-diskless-sync-delay', '0');
  await done(operator, viewer);
});

test('who may not order is told which role can, and an operator pins nothing', async () => {
  const [operator, viewer] = [await loggedIn(people.operator), await loggedIn(people.viewer)];
  await viewer.page.goto(PAGE);
  const create = viewer.page.getByRole('button', { name: 'Back up now' });
  await create.waitFor();
  expect([await create.getAttribute('aria-disabled'), await create.getAttribute('title')]).toEqual(['true', 'This needs the role Operator.']);
  await create.focus();
  await viewer.page.keyboard.press('Enter');
  const denied = viewer.page.getByRole('dialog', { name: /Permission Denied/ });
  expect(await denied.innerText()).toContain('You do not have permission to back up the Redis service. This operation requires Operator role.');
  await denied.getByRole('button', { name: 'Close' }).click();

  const [id] = await store.create();
  await operator.page.goto(PAGE);
  const dialog = await details(operator.page, id);
  expect(await dialog.getByRole('button', { name: 'Prove again' }).getAttribute('aria-disabled')).toBeNull();
  expect(await dialog.getByRole('button', { name: 'Pin', exact: true }).getAttribute('title')).toBe('This needs the role Admin.');
  expect(await faults(operator.page)).toEqual([]);
  await done(operator, viewer);
});

test('a failed attempt is one sentence with its remedy, until a backup is made', async () => {
  const operator = await loggedIn(people.operator);
  const { page } = operator;
  await page.goto(PAGE);
  await table(page).waitFor();
  await store.redis('ACL', 'SETUSER', 'default', '-psync');
  const order = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Back up now' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Back up now' }).click();
  };
  await order();
  await page.getByText('The last attempt failed', { exact: true }).waitFor();
  expect(await page.locator('.trouble').innerText()).toContain('The user default may not copy the data: run on Redis: ACL SETUSER default +psync +replconf');
  expect(await faults(page)).toEqual([]);
  await page.goto('/backups');
  await page.getByRole('link', { name: /Redis Service Last attempt failed/ }).click();
  await store.redis('ACL', 'SETUSER', 'default', '+psync');
  await order();
  await page.getByText('The last attempt failed', { exact: true }).waitFor({ state: 'detached' });
  await done(operator);
});

test('a lost FLUSHALL makes a backup suspicious, and a damaged one is bad when it is proved again', async () => {
  await store.redis('SET', 'one', 'x');
  await store.create();
  const [good] = await store.create();
  await store.redis('FLUSHALL');
  const [suspicious, how] = await store.create();
  expect(how).toBe('suspicious');
  const operator = await loggedIn(people.operator);
  const { page } = operator;
  await page.goto(PAGE);
  await rowOf(page, suspicious).getByText('Suspicious').waitFor();
  const dialog = await details(page, suspicious);
  await dialog.getByText(/Look for a FLUSHALL/).waitFor();
  await page.keyboard.press('Escape');
  await store.damage(good);
  await (await details(page, good)).getByRole('button', { name: 'Prove again' }).click();
  await rowOf(page, good).getByText('Bad', { exact: true }).waitFor();
  await page.locator('.notices').getByText('the backup is bad').waitFor();
  expect(await faults(page)).toEqual([]);
  await done(operator);
});

test('a pin needs a reason and keeps a backup; a removal needs its name typed', async () => {
  const [pinned] = await store.create('kept');
  await store.configure('backup: {minimum: 1}', false);
  await store.create();
  await vi.waitUntil(async () => !JSON.stringify((await ask(served, 'GET', `/api/services/redis/backups/${pinned}`, undefined, store.token)).body).includes('"minimum"'), { timeout: 60_000 });
  const admin = await loggedIn(people.admin);
  const { page } = admin;
  await page.goto(PAGE);
  await (await details(page, pinned)).getByRole('button', { name: 'Pin', exact: true }).click();
  const pin = page.getByRole('dialog', { name: `Pin backup ${pinned}` });
  expect(await pin.getByRole('button', { name: 'Pin', exact: true }).isDisabled()).toBe(true);
  await pin.getByRole('combobox').selectOption('30');
  await pin.getByLabel('Reason (for the audit log)').fill('the auditors asked for it');
  expect(await faults(page)).toEqual([]);
  await pin.getByRole('button', { name: 'Pin', exact: true }).click();
  await rowOf(page, pinned).getByText(/^Pinned until/).waitFor();
  const { body } = await ask(served, 'GET', '/api/audit?operation=backup_pin', undefined, store.token);
  expect(JSON.stringify(body)).toContain('the auditors asked for it');

  let dialog = await details(page, pinned);
  expect(await dialog.getByRole('button', { name: 'Remove', exact: true }).isDisabled()).toBe(true);
  await dialog.getByText('It is pinned. End the pin first.').waitFor();
  await dialog.getByRole('button', { name: 'End the pin', exact: true }).click();
  const unpin = page.getByRole('dialog', { name: `End the pin of backup ${pinned}` });
  await unpin.getByLabel('Reason (for the audit log)').fill('they have it');
  await unpin.getByRole('button', { name: 'End the pin', exact: true }).click();
  await rowOf(page, pinned).getByText(/^Pinned until/).waitFor({ state: 'detached' });

  dialog = await details(page, pinned);
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  const remove = page.getByRole('dialog', { name: `Remove backup ${pinned}` });
  const confirm = remove.getByRole('button', { name: 'Remove this backup', exact: true });
  expect(await remove.getByRole('button', { name: 'Cancel' }).evaluate((button) => button === document.activeElement)).toBe(true);
  await remove.getByLabel(/^Type/).fill(pinned.toLowerCase());
  expect(await confirm.isDisabled()).toBe(true);
  await remove.getByLabel(/^Type/).fill(pinned);
  expect(await faults(page)).toEqual([]);
  await confirm.click();
  await rowOf(page, pinned).waitFor({ state: 'detached' });
  await done(admin);
});

test('a prune shows what would go, says when that is much, and needs PRUNE typed', async () => {
  await store.redis('SET', 'one', 'x');
  const [made] = await store.create();
  await store.plant(made, [20, 21, 22, 23, 24, 25]);
  await store.configure('backup: {schedule: "02:30", keep: {last: 2}, minimum: 1}', true);
  const admin = await loggedIn(people.admin);
  const { page } = admin;
  // The settings are there before the folder has been read by them.
  const prune = page.getByRole('button', { name: 'Remove old ones' });
  await expect.poll(async () => {
    await page.goto(PAGE);
    await page.getByText('daily at 02:30 UTC').waitFor();
    return prune.isEnabled();
  }, { timeout: 20_000 }).toBe(true);
  await prune.click();
  const dialog = page.getByRole('dialog', { name: 'Remove old backups' });
  await dialog.getByText('4 backups are kept by no rule.').waitFor();
  await dialog.getByText('more than half').waitFor();
  expect(await dialog.getByRole('row').count()).toBe(5);
  expect(await faults(page)).toEqual([]);
  const confirm = dialog.getByRole('button', { name: 'Remove these 4' });
  expect(await confirm.isDisabled()).toBe(true);
  await dialog.getByLabel('Type "PRUNE" to confirm:').fill('PRUNE');
  await confirm.click();
  await table(page).getByText('no rule keeps it').first().waitFor({ state: 'detached' });
  expect(await page.getByRole('button', { name: 'Remove old ones' }).isDisabled()).toBe(true);
  await page.getByRole('region', { name: 'Space' }).getByText(/There is room for/).waitFor();
  await done(admin);
});

test('all services are reached by the menu and the keyboard, and read well by everybody', async () => {
  const viewer = await loggedIn(people.viewer);
  const { page } = viewer;
  await page.goto('/status');
  await page.getByRole('button', { name: 'Services', exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('navigation').getByRole('link', { name: 'Backups' }).focus();
  await page.keyboard.press('Enter');
  const list = page.getByRole('list', { name: 'Backups' });
  await list.getByText('Redis Service').waitFor();
  expect(await faults(page)).toEqual([]);
  await list.getByRole('link').focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/services\/redis\/backups$/);
  const first = page.getByRole('button', { name: /^Details of backup/ }).first();
  await first.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await first.evaluate((button) => button === document.activeElement)).toBe(true);
  await done(viewer);
});

test('a daemon without backups, and one that cannot read them, say so', async () => {
  const viewer = await loggedIn(people.viewer);
  const { page } = viewer;
  const answer = (status: number, message: string): Promise<void> =>
    page.route(/backup-status|\/api\/backups/, (route) => route.fulfill({ status, json: { error: 'x', message, code: 'not_found', timestamp: '2026-11-29T00:00:00Z' } }));
  await answer(404, 'Not available here.');
  for (const path of [PAGE, '/backups', '/services/redis']) {
    await page.goto(path);
    await page.getByText('This Resus makes no backups').waitFor();
  }
  await page.unroute(/backup-status|\/api\/backups/);
  await answer(500, 'The disk is gone.');
  for (const path of [PAGE, '/backups']) {
    await page.goto(path);
    await page.getByRole('alert').getByText('The disk is gone.').waitFor();
    expect(await page.getByText('Loading').count()).toBe(0);
  }
  await done(viewer);
});
