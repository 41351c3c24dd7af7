/** What a page costs must not grow with the services: 1, 30 and 1,000 of them. */
import type { Page } from 'playwright-core';
import { expect, inject, test } from 'vitest';

import { faults } from './axe';
import { done, loggedIn, useBrowser, type Person } from './browser';
import { Fleet } from './fleet';

useBrowser();
const NODES = 3_000;

const nodes = (page: Page): Promise<number> => page.evaluate(() => document.querySelectorAll('*').length);

const PAGES = ['/services', '/services?q=cache', '/status', '/wall', '/events', '/maintenance', '/incidents', '/alerts', '/settings'];

async function heaviest(one: Person, pages: readonly string[]): Promise<number> {
  let most = 0;
  for (const path of pages) {
    await one.page.goto(path);
    await one.page.waitForLoadState('networkidle');
    const count = await nodes(one.page);
    console.log(`figure: ${path}: ${count} nodes`);
    most = Math.max(most, count);
  }
  return most;
}

test('one service: no search, no selection, and its own words', async () => {
  const one = await loggedIn(inject('people').admin);
  const { page } = one;
  await page.goto('/services');
  await page.getByRole('link', { name: /Redis Service/ }).first().waitFor();
  expect(await page.getByRole('searchbox').count()).toBe(0);
  expect(await page.getByRole('checkbox').count()).toBe(0);
  await page.getByText('What Resus watches.').waitFor();
  await done(one);
});

test('30 services: all of them, found and without a fault', { timeout: 120_000 }, async () => {
  const fleet = await Fleet.start({ size: 30, down: 1 });
  try {
    const one = await loggedIn(fleet.served.admin, { baseURL: fleet.served.url });
    const { page } = one;
    await page.goto('/services');
    await page.locator('li[aria-setsize="30"]').first().waitFor();
    await page.getByText('Basket 029: Redis service offline - limited functionality').click();
    await page.waitForURL(/\/services\/s029$/);
    expect(await heaviest(one, ['/services', '/status', '/wall'])).toBeLessThan(NODES);
    await page.goto('/services');
    await page.locator('li[aria-setsize="30"]').first().waitFor();
    expect(await faults(page)).toEqual([]);
    await done(one);
  } finally {
    await fleet.stop();
  }
});

test('1,000 services: no page has 3,000 nodes, however far the reader scrolls', { timeout: 300_000 }, async () => {
  const fleet = await Fleet.start({ size: 1000, down: 980, settled: false });
  try {
    const one = await loggedIn(fleet.served.admin, { baseURL: fleet.served.url });
    const { page } = one;
    expect(await heaviest(one, PAGES)).toBeLessThan(NODES);
    await page.goto('/services');
    await page.locator('li[aria-setsize="1000"]').first().waitFor();
    for (const part of [0.5, 1]) {
      await page.evaluate((share) => window.scrollTo(0, document.documentElement.scrollHeight * share), part);
      await page.waitForFunction((least) => Number([...document.querySelectorAll('li[aria-posinset]')].at(-1)?.getAttribute('aria-posinset')) > least, part * 1000 - 500);
      expect(await nodes(page)).toBeLessThan(NODES);
    }
    await page.locator('li[aria-posinset="1000"]').waitFor();
    await page.getByRole('button', { name: 'Select all 1,000 shown' }).click();
    await page.getByRole('button', { name: 'Resume recovery' }).click();
    await page.getByRole('button', { name: 'Resume', exact: true }).click();
    await page.getByText('Done for 1,000 services.').waitFor({ timeout: 60_000 });
    expect(await nodes(page)).toBeLessThan(NODES);
    await done(one);
  } finally {
    await fleet.stop();
  }
});
