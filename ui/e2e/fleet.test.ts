/** Many services: the same pages with 240 of them, 60 of which are down. (sizes.test.ts has 1, 30 and 1,000.) */
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { faults } from './axe';
import { done, loggedIn, person, useBrowser, type Person } from './browser';
import { tokenOf, webProcess, type Login } from './daemon';
import { Fleet } from './fleet';

useBrowser();
const VIEWER: Login = { email: 'viewer@example.org', password: 'correct horse 42 battery' };
let fleet: Fleet;
beforeAll(async () => {
  fleet = await Fleet.start({ size: 240, down: 60 });
  await fleet.control.ask('user_add', null, { ...VIEWER, role: 'viewer' });
}, 180_000);
afterAll(() => fleet.stop());

const admin = (): Promise<Person> => loggedIn(fleet.served.admin, { baseURL: fleet.served.url });
const rows = (page: Page): Locator => page.getByRole('list', { name: 'Services, the worst first' }).getByRole('listitem');
const row = (page: Page, name: string): Locator => rows(page).filter({ hasText: name });
/** How many services the list has, in the document or not. */
const size = async (page: Page): Promise<number> => Number(await rows(page).first().getAttribute('aria-setsize'));

async function atServices(one: Person, query = ''): Promise<Page> {
  await one.page.goto(`/services${query}`);
  await rows(one.page).first().waitFor();
  return one.page;
}
async function sizeBecomes(page: Page, wanted: number): Promise<void> {
  await page.locator(`li[aria-setsize="${wanted}"]`).first().waitFor();
}

test('the first screen shows the worst first, under one banner of one line', async () => {
  const one = await admin();
  const page = await atServices(one);
  expect(await page.locator('.banner').allInnerTexts()).toEqual(['60 services are offline']);
  expect((await page.locator('.banners').boundingBox())!.height).toBeLessThan(60);
  const seen = await rows(page).allInnerTexts();
  expect(seen.length).toBeGreaterThan(8);
  expect(seen.slice(0, 8).every((text) => text.includes('Stopped'))).toBe(true);
  await page.getByText('60 of 240 services need attention.').waitFor();
  await page.getByRole('link', { name: '60 services are offline' }).click();
  await page.waitForURL(/\?status=offline$/);
  await page.getByText('60 of 240 services', { exact: true }).waitFor();
  await sizeBecomes(page, 60);
  await done(one);
});

test('no menu and no selector is longer than the screen', async () => {
  const one = await admin();
  const page = await atServices(one);
  const within = async (thing: Locator): Promise<void> => {
    const box = (await thing.boundingBox())!;
    expect(box.y + box.height).toBeLessThanOrEqual(800);
  };
  await page.getByRole('button', { name: 'Services', exact: true }).click();
  const all = page.getByRole('link', { name: 'All 240 services' });
  await within(all);
  await page.keyboard.press('Escape');
  await page.goto('/events');
  const picker = page.getByRole('combobox', { name: 'Service' });
  await picker.click();
  await page.keyboard.type('queue');
  await page.getByText('38 more: type a part of the name').waitFor();
  await within(page.getByRole('listbox'));
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('listbox').waitFor({ state: 'detached' });
  expect(await picker.inputValue()).toBe('Queue 186');
  await done(one);
});

test('a service is found by name, host, port, cause, group and tag, and the address keeps the filter', async () => {
  const one = await admin();
  const page = await atServices(one);
  const search = page.getByRole('searchbox', { name: 'Search' });
  for (const [text, count] of [['basket 194', 1], ['21007', 1], ['rack-3', 34], ['unit stopped', 60], ['billing', 80]] as const) {
    await search.fill(text);
    await sizeBecomes(page, count);
  }
  await search.fill('sessions');
  await page.getByLabel('Group').selectOption('Shop');
  await page.getByLabel('Tag').selectOption('eu');
  await sizeBecomes(page, 8);
  expect(new URL(page.url()).search).toBe('?q=sessions&group=Shop&tag=eu');
  await page.reload();
  await sizeBecomes(page, 8);
  expect(await search.inputValue()).toBe('sessions');
  await search.fill('there is no such thing');
  await page.getByText('No service matches.').waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();
  await sizeBecomes(page, 240);
  await done(one);
});

test('with the keyboard: search, walk, select, open', async () => {
  const one = await admin();
  const page = await atServices(one);
  await page.keyboard.press('/');
  await page.keyboard.type('queue');
  await sizeBecomes(page, 48);
  await page.keyboard.press('Enter');
  const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.closest('li')?.getAttribute('aria-posinset') ?? '');
  await page.waitForFunction(() => document.activeElement?.closest('li')?.getAttribute('aria-posinset') === '1');
  await page.keyboard.press('j');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('k');
  expect(await focused()).toBe('2');
  await page.keyboard.press('x');
  await page.getByText('1 selected').waitFor();
  await page.keyboard.press('End');
  await page.waitForFunction(() => document.activeElement?.closest('li')?.getAttribute('aria-posinset') === '48');
  const box = (await rows(page).last().boundingBox())!;
  expect(box.y).toBeGreaterThan(0);
  expect(box.y + box.height).toBeLessThanOrEqual(800);
  const name = await page.evaluate(() => document.activeElement?.querySelector('.name')?.textContent ?? '');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/services\/s\d+$/);
  await page.getByRole('heading', { level: 1, name }).waitFor();
  await done(one);
});

test('recovery of several services is paused and resumed, and what failed is said', async () => {
  const one = await admin();
  const page = await atServices(one, '?q=queue+:2100');
  await sizeBecomes(page, 2);
  await page.getByRole('button', { name: 'Select all 2 shown' }).click();
  await page.getByRole('button', { name: 'Pause recovery' }).click();
  await page.getByLabel('Reason').fill('new disks');
  // The connection breaks while one of them is asked for.
  await page.route('**/api/services/s006/pause', (route) => route.abort());
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('alert').getByText('Partly done: 1 of 2 succeeded, 1 failed.').waitFor();
  const results = await dialog.getByRole('list').getByRole('listitem').allInnerTexts();
  expect(results[0]).toMatch(/Queue 006\s+Failed: Resus cannot be reached/);
  expect(results[1]).toMatch(/Queue 001\s+paused until \d\d:\d\d/);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await row(page, 'Queue 001').getByText(/Not guarded/).waitFor();
  await page.getByRole('button', { name: 'Resume recovery' }).click();
  await dialog.getByRole('button', { name: 'Resume', exact: true }).click();
  await dialog.getByText('Done for 2 services.').waitFor();
  await done(one);
});

test('more checks than are allowed in a minute wait, and can be stopped', async () => {
  const one = await admin();
  const page = await atServices(one, '?q=cache&group=Shop');
  await sizeBecomes(page, 16);
  await page.getByRole('button', { name: 'Select all 16 shown' }).click();
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByRole('button', { name: 'Check now' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/it goes on in \d+ s/).waitFor();
  await dialog.getByRole('button', { name: 'Stop here' }).click();
  await dialog.getByText(/^(Partly done: \d+ of 16 succeeded|Nothing was done)/).or(dialog.getByText(/not done, because you stopped it/)).first().waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await done(one);
});

test('maintenance of 120 services is two windows under one banner', async () => {
  const one = await admin();
  const page = await atServices(one, '?tag=eu');
  await sizeBecomes(page, 120);
  await page.getByRole('button', { name: 'Select all 120 shown' }).click();
  await page.getByRole('button', { name: 'Maintenance', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Title').fill('new switches');
  await dialog.getByText('One window holds at most 64 services: 2 windows are opened.').waitFor();
  await dialog.getByRole('button', { name: 'Begin maintenance' }).click();
  await dialog.getByText('Done for 120 services.').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByText('2 maintenance windows are open for 120 services: no automatic recovery').waitFor();
  expect(await page.locator('.banner').count()).toBe(2);
  const { body } = await fleet.control.ask('maintenance', null);
  for (const { id, state } of body['items'] as { id: number; state: string }[]) if (state === 'open') await fleet.control.ask('maintenance_end', null, { n: id });
  await done(one);
});

test('a viewer may look and check, and is told who may do the rest', async () => {
  const viewer = await loggedIn(VIEWER, { baseURL: fleet.served.url });
  const page = await atServices(viewer);
  await page.getByRole('checkbox').first().check();
  const pause = page.getByRole('button', { name: 'Pause recovery' });
  expect(await pause.getAttribute('aria-disabled')).toBe('true');
  expect(await pause.getAttribute('title')).toBe('This needs the role Admin.');
  expect(await page.getByRole('button', { name: 'Refresh' }).getAttribute('aria-disabled')).toBeNull();
  await pause.click({ force: true });
  expect(await page.getByRole('dialog').count()).toBe(0);
  await done(viewer);
});

test('without a login there is no cause, place or selection', async () => {
  const nobody = await person({ baseURL: fleet.served.url });
  const page = await atServices(nobody);
  expect(await page.getByRole('checkbox').count()).toBe(0);
  expect(await page.locator('.beats').count()).toBe(0);
  expect(await rows(page).first().innerText()).not.toMatch(/127\.|unit stopped|Billing/);
  await page.getByRole('searchbox').fill('21007');
  await page.getByText('No service matches.').waitFor();
  await done(nobody);
});

test('a wall display goes on with a viewer’s token, and never shows old news as new', { timeout: 120_000 }, async () => {
  const made = await fleet.control.ask('token_add', null, { name: 'wall', role: 'viewer' });
  const { token, id } = made.body as { token: string; id: number };
  const wall = await person({ baseURL: fleet.served.url, viewport: { width: 1920, height: 1080 } });
  const { page } = wall;
  await page.clock.install();
  await page.goto(`/wall#token=${token}`);
  await page.getByRole('heading', { name: '60 of 240 services need attention.' }).waitFor();
  expect(page.url()).not.toContain('token');
  expect(await page.getByRole('banner').count()).toBe(0);
  expect(await page.locator('.tile').first().innerText()).toMatch(/Stopped\s+unit stopped/);
  expect(await page.locator('.tile').last().innerText()).toMatch(/^and \d+ more$/);
  expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThanOrEqual(1080);
  expect(await faults(page)).toEqual([]);
  // Longer than any login lasts.
  for (let hour = 0; hour < 3; hour++) await page.clock.fastForward(3_600_000);
  await page.clock.runFor(11_000);
  await page.getByRole('heading', { name: '60 of 240 services need attention.' }).waitFor();
  const web = webProcess(fleet.served);
  process.kill(web, 'SIGSTOP');
  try {
    await page.clock.fastForward(60_000);
    await page.getByRole('heading', { name: /^No answer from Resus since/ }).waitFor();
    expect(await page.locator('.tile.tone-critical').count()).toBe(0);
  } finally {
    process.kill(web, 'SIGCONT');
  }
  await page.clock.runFor(40_000);
  await page.getByRole('heading', { name: '60 of 240 services need attention.' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: '60 of 240 services need attention.' }).waitFor();
  await fleet.control.ask('token_revoke', null, { n: id });
  await page.clock.runFor(11_000);
  await page.getByRole('heading', { name: 'This display may no longer read.' }).waitFor();
  await done(wall);
});

test('a display with more rights than it needs says so', async () => {
  const wall = await person({ baseURL: fleet.served.url });
  const token = (await fleet.control.ask('token_add', null, { name: 'too much', role: 'admin' })).body['token'] as string;
  await wall.page.goto(`/wall?status=healthy#token=${token}`);
  await wall.page.getByText('This token has the role Admin.').waitFor();
  await wall.page.getByRole('heading', { name: 'All services are healthy.' }).waitFor();
  await done(wall);
});

test('several services stand in one graph, and a link keeps services and range', { timeout: 180_000 }, async () => {
  const one = await admin();
  const { page } = one;
  await page.goto('/services/s001/metrics');
  await page.getByRole('combobox', { name: 'Compare with' }).click();
  await page.keyboard.type('cache 002');
  await page.getByRole('option', { name: /Cache 002/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/with=s002/);
  await page.getByRole('listitem').filter({ hasText: 'Cache 002' }).waitFor();
  // Figures are written every half minute.
  await page.locator('.uplot').first().waitFor({ timeout: 120_000 });
  await page.getByText('Show as a table').first().click();
  await page.getByRole('columnheader', { name: 'Cache 002' }).first().waitFor();
  await one.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy a link to this range' }).click();
  await page.getByText('The link is copied.').waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toMatch(/\/services\/s001\/metrics\?from=2\S+Z&to=2\S+Z&with=s002$/);
  await page.goto(decodeURIComponent(link));
  await page.getByRole('listitem').filter({ hasText: 'Cache 002' }).waitFor();
  await page.locator('.uplot').first().waitFor();
  await page.getByRole('button', { name: 'Back to now' }).click();
  await page.waitForURL((url) => url.search === '?with=s002');
  await done(one);
});

test('nothing of it has a fault that axe sees, in both themes and on a phone', { timeout: 180_000 }, async () => {
  const one = await admin();
  const page = await atServices(one);
  await page.waitForLoadState('networkidle');
  expect(await faults(page)).toEqual([]);
  await page.getByRole('button', { name: 'Select all 240 shown' }).click();
  expect(await faults(page)).toEqual([]);
  await page.getByRole('button', { name: 'Resume recovery' }).click();
  expect(await faults(page)).toEqual([]);
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await page.getByText('Done for 240 services.').waitFor();
  expect(await faults(page)).toEqual([]);
  await page.goto('/status');
  await rows(page).first().waitFor();
  expect(await faults(page)).toEqual([]);
  await page.goto('/services/s001/metrics?with=s002');
  await page.getByRole('combobox', { name: 'Compare with' }).click();
  expect(await faults(page)).toEqual([]);
  expect(await tokenOf(fleet.served, fleet.served.admin)).not.toBe('');
  expect(await size(await atServices(one))).toBe(240);
  await done(one);
});
