import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { faults } from './axe';
import { done, loggedIn, useBrowser } from './browser';
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

const wizard = (page: Page): ReturnType<Page['getByRole']> => page.getByRole('dialog', { name: 'Restore a backup of Redis Service' });
const size = async (): Promise<string> => store.redis('DBSIZE');

test('a restore is chosen, planned, confirmed by the name, followed to its end and undone, by keyboard and on a phone', { timeout: 120_000 }, async () => {
  const [admin, viewer] = [await loggedIn(people.admin), await loggedIn(people.viewer)];
  const { page } = admin;
  await store.redis('CONFIG', 'SET', 'repl-diskless-sync-delay', '0');
  for (let i = 0; i < 20; i++) await store.redis('SET', `key:${i}`, 'x');
  const before = await size();
  const [id] = await store.create();
  await store.redis('FLUSHALL');
  await store.redis('SET', 'new', '1');

  // A viewer is told which role can.
  await viewer.page.goto(PAGE);
  const refused = viewer.page.getByRole('button', { name: 'Restore', exact: true });
  await refused.waitFor();
  expect(await refused.getAttribute('title')).toBe('This needs the role Admin.');

  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(PAGE);
  const open = page.getByRole('button', { name: 'Restore', exact: true });
  await open.focus();
  await page.keyboard.press('Enter');
  const dialog = wizard(page);
  await dialog.getByText('Keys of the backup').waitFor();
  expect(await dialog.innerText()).toContain('Safety backup');
  expect(await dialog.evaluate((node) => node.scrollWidth <= node.clientWidth)).toBe(true);
  expect(await faults(page)).toEqual([]);
  const begin = dialog.getByRole('button', { name: 'Replace the data now' });
  expect(await begin.isDisabled()).toBe(true);
  const name = dialog.getByLabel(/^Type redis, the name of the service/);
  await name.fill('radish');
  expect(await begin.isDisabled()).toBe(true);
  // Key by key has a choice more, and no stop.
  await dialog.getByRole('combobox', { name: /^Method/ }).selectOption('keys');
  await dialog.getByText('Redis goes on serving').waitFor();
  await dialog.getByRole('combobox', { name: /^Keys that Redis has now/ }).selectOption('missing');
  await dialog.getByRole('combobox', { name: /^Method/ }).selectOption('chosen');
  await dialog.locator('.plan').getByText(/^By file/).waitFor();
  await dialog.getByLabel('Reason (optional)').fill('a FLUSHALL by mistake');
  await name.fill('redis');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Last restore' }).waitFor();
  await page.getByRole('button', { name: 'Undo', exact: true }).waitFor({ timeout: 60_000 });
  expect(await size()).toBe(before);
  expect(await faults(page)).toEqual([]);
  expect(await page.getByText(`Backup ${id}, by file`).count()).toBe(1);

  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  const undo = page.getByRole('dialog', { name: 'Undo the restore' });
  expect(await faults(page)).toEqual([]);
  await undo.getByRole('button', { name: 'Bring the old data back' }).click();
  await page.locator('[role=status]').getByText('Undone', { exact: true }).waitFor({ timeout: 60_000 });
  expect(await size()).toBe(':1');

  // What stands in the way is named, and there is nothing to type.
  await store.redis('CONFIG', 'SET', 'maxmemory', '1mb');
  await page.getByRole('button', { name: 'Restore', exact: true }).click();
  await wizard(page).getByText(/Raise maxmemory first/).waitFor();
  expect(await wizard(page).getByRole('button', { name: 'Replace the data now' }).isDisabled()).toBe(true);
  expect(await wizard(page).getByLabel(/^Type redis/).count()).toBe(0);
  await page.keyboard.press('Escape');
  await store.redis('CONFIG', 'SET', 'maxmemory', '0');
  await done(admin, viewer);
});
