/** What a person reads or takes along: evidence, notices, service levels, the support bundle. */
import { readFileSync } from 'node:fs';

import { expect, inject, test } from 'vitest';

import { atService, done, loggedIn, useBrowser } from './browser';
import { ask, killRedis, tokenOf } from './daemon';

useBrowser();
const people = inject('people');
const served = inject('served');

test('the evidence of a recovery opens from the time line', async () => {
  const admin = await loggedIn(people.admin);
  const page = await atService(admin);
  killRedis(served);
  const row = page.locator('.timeline li').filter({ hasText: 'Redis service recovered automatically' }).first();
  await row.getByRole('button', { name: 'evidence' }).click();
  const dialog = page.getByRole('dialog', { name: 'Evidence' });
  await dialog.getByText('The Redis process was killed or crashed.').waitFor();
  await dialog.getByText(/^(Standard|Hard) Recovery, \d+ attempts?/).waitFor();
  await dialog.getByText('crashed', { exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await done(admin);
});

test('a notice to the users stands above every page until it is dismissed', async () => {
  const viewer = await loggedIn(people.viewer);
  const page = await atService(viewer);
  const token = await tokenOf(served, people.admin);
  const { status } = await ask(served, 'POST', '/api/notifications', { message: 'The service restarts at noon.', service: 'redis' }, token);
  expect(status).toBeLessThan(300);
  const banner = page.locator('.banners').getByText('The service restarts at noon.');
  await banner.waitFor();
  await page.getByRole('link', { name: 'Events', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Events' }).waitFor();
  await banner.waitFor();
  await page.locator('.banners').getByRole('button', { name: 'Dismiss' }).click();
  await banner.waitFor({ state: 'detached' });
  await done(viewer);
});

test('the service levels stand below the graphs, a row for each span', async () => {
  const viewer = await loggedIn(people.viewer);
  const { page } = viewer;
  await page.goto('/services/redis/metrics');
  const table = page.getByRole('table', { name: 'Service levels' });
  for (const span of ['1 day', '7 days', '30 days', '90 days']) await table.getByRole('row').filter({ hasText: span }).waitFor();
  await table.getByRole('columnheader', { name: 'Availability (goal 99.9 %)' }).waitFor();
  await table.getByRole('columnheader', { name: 'Error budget left' }).waitFor();
  await done(viewer);
});

test('the support bundle is downloaded, and holds no secret', async () => {
  const admin = await loggedIn(people.admin);
  const page = await atService(admin);
  await page.getByRole('button', { name: 'Contact Support' }).click();
  const dialog = page.getByRole('dialog', { name: 'Contact Support' });
  expect(await dialog.locator('pre').innerText()).toContain(`Asked by: ${people.admin.email} (Admin)`);
  const [file] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('link', { name: 'Download the support bundle' }).click()]);
  expect(file.suggestedFilename()).toBe('resus-bundle-redis.json');
  const text = readFileSync(await file.path(), 'utf8');
  expect(JSON.parse(text)).toMatchObject({ document: expect.any(String) as string });
  expect(text).not.toContain(people.admin.password);
  await done(admin);
});
