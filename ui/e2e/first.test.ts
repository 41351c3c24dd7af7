/** The first picture: how the service is, before the rest of the program is there. */
import type { Page } from 'playwright-core';
import { expect, inject, test } from 'vitest';

import { done, loggedIn, useBrowser } from './browser';

useBrowser();
const people = inject('people');

const PARTS = ['.topbar', '.brand', 'h1', '.now .badge', '.now .shape', '.now .answer', '.doing', '.last'];

interface Part {
  readonly part: string;
  readonly top: number;
  readonly height: number;
  readonly look: string;
}
/** Where each part of the picture stands, and how it looks; ages count on, so that its width is left out. */
const picture = (page: Page): Promise<Part[]> =>
  page.evaluate((parts) => parts.map((part) => {
    const at = document.querySelector(part);
    if (at === null) throw new Error(`there is no ${part}`);
    const { top, height } = at.getBoundingClientRect();
    const { color, fontSize, fontWeight } = getComputedStyle(at);
    return { part, top: Math.round(top), height: Math.round(height), look: `${color} ${fontSize} ${fontWeight}` };
  }), PARTS);

test.each([[1280, 'light'], [1280, 'dark'], [360, 'light']] as const)('stays as it is when the rest of the program comes (%i px, %s)', async (width, colorScheme) => {
  const viewer = await loggedIn(people.viewer, { viewport: { width, height: 800 }, colorScheme });
  const { page } = viewer;
  let release = (): void => undefined;
  const held = new Promise<void>((go) => (release = go));
  await page.route(/\/assets\/console-.*\.js$/, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto('/services/redis', { waitUntil: 'commit' });
  await page.locator('.now .answer').waitFor();
  const before = await picture(page);
  expect(await page.locator('h1').innerText()).toBe('Redis Service');
  expect(await page.locator('.now').innerText()).toMatch(/Running\s+Answering in /);
  expect(await page.getByRole('group', { name: 'Actions' }).count()).toBe(0);
  // The questions that the server's Link header begins are the ones that the page asks: each is answered once.
  expect(await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname).filter((path) => path.startsWith('/api/services/redis/')).sort())).toEqual(['/api/services/redis/health', '/api/services/redis/status']);
  release();
  await page.getByRole('group', { name: 'Actions' }).waitFor();
  expect(await picture(page)).toEqual(before);
  await done(viewer);
});

test('a chosen appearance holds from the first picture on', async () => {
  const viewer = await loggedIn(people.viewer, { colorScheme: 'light' });
  const { page } = viewer;
  await page.evaluate(() => localStorage.setItem('resus-theme', 'dark'));
  await page.route(/\/assets\/console-.*\.js$/, () => undefined);
  await page.goto('/services/redis', { waitUntil: 'commit' });
  await page.locator('.now .answer').waitFor();
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(19, 21, 23)');
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await done(viewer);
});

test("only a service's own page announces its questions", async () => {
  const viewer = await loggedIn(people.viewer);
  const link = async (path: string): Promise<string | undefined> => (await viewer.page.request.get(path)).headers()['link'];
  expect(await link('/services/redis')).toBe('</api/services/redis/status>; rel=preload; as=fetch; crossorigin, </api/services/redis/health>; rel=preload; as=fetch; crossorigin');
  for (const path of ['/services', '/services/', '/services/redis/metrics', '/services/a%3Eb', `/services/${'a'.repeat(64)}`, '/']) expect(await link(path)).toBeUndefined();
  await done(viewer);
});

test('a service that does not exist is told by the page itself', async () => {
  const viewer = await loggedIn(people.viewer);
  await viewer.page.goto('/services/nothing');
  await viewer.page.locator('main .problem').waitFor();
  await done(viewer);
});
