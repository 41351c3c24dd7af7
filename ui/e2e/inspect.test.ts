/** Inside Redis: slow commands, clients, command statistics and big keys, each as a sorted table. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { faults } from './axe';
import { atService, done, loggedIn, useBrowser } from './browser';
import { withStore, type Store } from './store';

useBrowser();
const people = inject('people');
const BIG = 50_000;
let store: Store;

beforeAll(async () => {
  store = await withStore(inject('served'));
  await store.redis('SETRANGE', 'inspect:big', String(BIG), 'x');
  await store.redis('SET', 'inspect:small', 'top-secret');
  await store.redis('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
  await store.redis('SET', 'inspect:slow', 'top-secret');
  await store.redis('CONFIG', 'SET', 'slowlog-log-slower-than', '10000');
});
afterAll(async () => {
  await store.redis('UNLINK', 'inspect:big', 'inspect:small', 'inspect:slow');
  await store.redis('SLOWLOG', 'RESET');
  await store.stop();
});

const cells = (page: Page, label: string): Promise<string[]> => page.locator(`tbody td[data-label="${label}"]`).allInnerTexts();

test('an admin comes from the service page, and sees values only when asked for', async () => {
  const admin = await loggedIn(people.admin);
  const page = await atService(admin);
  await page.getByRole('link', { name: 'Look into Redis', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Inside Redis Service' }).waitFor();
  await page.getByRole('table', { name: 'Slow commands' }).getByText(/SET inspect:slow/i).first().waitFor();
  expect((await cells(page, 'Command')).join()).not.toContain('top-secret');
  await page.getByLabel('Show values').check();
  await page.getByText('top-secret').first().waitFor();
  await page.getByText('resus inspect slowlog redis --with-arguments').waitFor();
  expect(await faults(page)).toEqual([]);
  await page.getByRole('button', { name: 'Services' }).click();
  await page.getByRole('link', { name: 'Look into Redis Service' }).waitFor();
  await done(admin);
});

test('by keyboard: the next look, its order, and back', async () => {
  const admin = await loggedIn(people.admin);
  const { page } = admin;
  await page.goto('/services/redis/inspect');
  await page.getByRole('tab', { name: 'Slow commands' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.getByRole('table', { name: 'Clients' }).getByText('resus', { exact: true }).first().waitFor();
  await page.keyboard.press('ArrowRight');
  await page.waitForURL(/look=commandstats/);
  const table = page.getByRole('table', { name: 'Commands' });
  await table.waitFor();
  const calls = async (): Promise<number[]> => (await cells(page, 'Calls')).map((text) => Number(text.replaceAll(',', '')));
  await table.getByRole('button', { name: 'Calls' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('th[aria-sort=descending]').filter({ hasText: 'Calls' }).waitFor();
  const down = await calls();
  expect(down.length).toBeGreaterThan(3);
  expect(down).toEqual([...down].sort((a, b) => b - a));
  await page.keyboard.press('Enter');
  await page.locator('th[aria-sort=ascending]').filter({ hasText: 'Calls' }).waitFor();
  expect(await calls()).toEqual([...down].sort((a, b) => a - b));
  await page.getByRole('tab', { name: 'Commands', exact: true }).focus();
  await page.keyboard.press('Home');
  await page.waitForURL(/look=slowlog/);
  await done(admin);
});

test('big keys are searched for when somebody asks, and the budget is shown meanwhile', async () => {
  const admin = await loggedIn(people.admin);
  const { page } = admin;
  let asked = 0;
  let open = (): void => undefined;
  const gate = new Promise<void>((go) => (open = go));
  // The answer is the daemon's own; only its arrival waits until the progress was seen.
  await page.route('**/inspect/bigkeys', async (route) => {
    asked++;
    await gate;
    await route.continue();
  });
  await page.goto('/services/redis/inspect?look=bigkeys');
  await page.getByRole('button', { name: 'Search for big keys' }).waitFor();
  expect(asked).toBe(0);
  await page.getByRole('button', { name: 'Search for big keys' }).click();
  await page.getByRole('progressbar', { name: 'Time used of the search' }).waitFor();
  open();
  await page.getByText(/keys measured: all of them\./).waitFor();
  expect((await cells(page, 'Key'))[0]).toBe('inspect:big');
  expect(asked).toBe(1);
  await page.unroute('**/inspect/bigkeys');
  expect(await faults(page)).toEqual([]);
  await done(admin);
});

test('a refusal is told, and the next look shows the rows', async () => {
  const admin = await loggedIn(people.admin);
  const { page } = admin;
  await store.redis('ACL', 'SETUSER', 'default', '-slowlog');
  await page.goto('/services/redis/inspect');
  await page.getByRole('alert').filter({ hasText: /NOPERM|permission/i }).waitFor();
  expect(await faults(page)).toEqual([]);
  await store.redis('ACL', 'SETUSER', 'default', '+@all');
  await page.getByRole('button', { name: 'Look again' }).click();
  await page.getByRole('table', { name: 'Slow commands' }).waitFor();
  expect(await page.getByRole('alert').count()).toBe(0);
  await done(admin);
});

test('a viewer is told who may look', async () => {
  const viewer = await loggedIn(people.viewer);
  const { page } = viewer;
  await page.goto('/services/redis/inspect');
  await page.getByRole('heading', { level: 1 }).waitFor();
  expect(await page.getByRole('tab').count()).toBe(0);
  await atService(viewer);
  expect(await page.getByRole('link', { name: 'Look into Redis' }).count()).toBe(0);
  await done(viewer);
});
