import type { Page } from 'playwright-core';
import { expect, inject, test } from 'vitest';

import { violations } from './axe';
import { atService, done, loggedIn, person, useBrowser, type Person } from './browser';

useBrowser();
const people = inject('people');

const PAGES = ['/services', '/services/redis', '/status', '/services/redis/metrics', '/services/redis/backups', '/services/redis/inspect', '/backups', '/events', '/audit', '/users', '/requests', '/settings', '/nowhere'];

async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle');
  await page.locator('h1').first().waitFor();
}

async function allViolations(one: Person, pages: readonly string[]): Promise<string[]> {
  const all: string[] = [];
  for (const path of pages) {
    await one.page.goto(path);
    await settled(one.page);
    all.push(...(await violations(one.page)));
  }
  return all;
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`no page has a fault that axe sees, ${colorScheme}`, { timeout: 180_000 }, async () => {
    const admin = await loggedIn(people.admin, { colorScheme, reducedMotion: 'reduce' });
    const nobody = await person({ colorScheme, reducedMotion: 'reduce' });
    expect(await allViolations(admin, [...PAGES, '/docs/causes.html'])).toEqual([]);
    expect(await allViolations(nobody, ['/login', '/status', '/services/redis'])).toEqual([]);
    await done(admin, nobody);
  });

  test(`no dialog has a fault that axe sees, ${colorScheme}`, { timeout: 120_000 }, async () => {
    const admin = await loggedIn(people.admin, { colorScheme, reducedMotion: 'reduce' });
    const viewer = await loggedIn(people.viewer, { colorScheme, reducedMotion: 'reduce' });
    const page = await atService(admin);
    for (const name of ['Restart', 'Stop', 'Why?']) {
      await page.getByRole('button', { name, exact: true }).click();
      await page.getByRole('dialog').waitFor();
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press('Escape');
    }
    await page.getByRole('button', { name: 'Show Logs' }).click();
    await page.getByRole('log').waitFor();
    expect(await violations(page)).toEqual([]);
    const denied = await atService(viewer);
    await denied.getByRole('button', { name: 'Stop' }).click({ force: true });
    await denied.getByRole('dialog').waitFor();
    expect(await violations(denied)).toEqual([]);
    await denied.getByRole('button', { name: 'Contact Admin' }).click();
    await denied.getByRole('dialog', { name: 'Request access' }).waitFor();
    expect(await violations(denied)).toEqual([]);
    await done(admin, viewer);
  });
}

test('on a phone no page is wider than its screen, and the menu opens', { timeout: 120_000 }, async () => {
  const admin = await loggedIn(people.admin, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const { page } = admin;
  for (const path of PAGES) {
    await page.goto(path);
    await settled(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(`${path} ${wide}`).toBe(`${path} 360`);
  }
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('navigation').getByRole('link', { name: 'System Status' }).click();
  await page.waitForURL(/\/status/);
  await atService(admin);
  await page.getByRole('button', { name: 'Stop' }).click();
  const box = await page.getByRole('dialog').boundingBox();
  expect(box!.width).toBeLessThanOrEqual(360);
  await done(admin);
});

/** Presses Tab until the element with this name has the focus; a keyboard alone has to reach it. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      return element instanceof HTMLElement ? (element.getAttribute('aria-label') ?? element.innerText) : '';
    });
    if (at.trim().endsWith(name)) return;
  }
  throw new Error(`Tab does not reach ${name}`);
}

test('with the keyboard alone: log in, restart, cancel a stop, read the logs', { timeout: 120_000 }, async () => {
  const one = await person();
  const { page } = one;
  await page.goto('/login?next=/services/redis');
  await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT');
  await page.keyboard.type(people.admin.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(people.admin.password);
  await page.keyboard.press('Enter');
  await page.locator('.state.connected').waitFor();
  await page.locator('.badge').first().waitFor();
  await tabTo(page, 'Restart');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText('Expected downtime').waitFor();
  await tabTo(page, 'Confirm Restart');
  await page.keyboard.press('Space');
  await page.getByText('Redis service restarted successfully').first().waitFor();
  await page.locator('.badge', { hasText: 'Running' }).first().waitFor();
  await page.evaluate(() => document.getElementById('main')?.focus());
  await tabTo(page, 'Stop');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  // The safe button has the focus: Enter does no harm.
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await tabTo(page, 'Show Logs');
  await page.keyboard.press('Enter');
  await page.getByRole('log').waitFor();
  await done(one);
});

test('the first load is less than 150 KB, and graphs come only when they are asked for', async () => {
  const one = await loggedIn(people.viewer);
  const { page } = one;
  await page.goto('about:blank');
  const session = await one.context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.setCacheDisabled', { cacheDisabled: true });
  const answers = new Map<string, { path: string; bytes: number }>();
  session.on('Network.responseReceived', ({ requestId, response }) => answers.set(requestId, { path: new URL(response.url).pathname, bytes: 0 }));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const answer = answers.get(requestId);
    if (answer) answer.bytes = encodedDataLength;
  });
  await page.goto('/services/redis');
  await settled(page);
  const seen = [...answers.values()].sort((a, b) => b.bytes - a.bytes);
  const bytes = seen.reduce((sum, answer) => sum + answer.bytes, 0);
  console.log(`first load of the service page: ${(bytes / 1024).toFixed(1)} KB in ${seen.length} answers`);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes, seen.map((answer) => `${answer.bytes} ${answer.path}`).join('\n')).toBeLessThan(150 * 1024);
  expect(seen.filter(({ path }) => /TimeGraph|uPlot/i.test(path))).toEqual([]);
  await done(one);
});
