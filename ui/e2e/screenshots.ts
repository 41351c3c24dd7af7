/** Pictures of every page and state, to be looked at: ./dev screenshots. */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Page } from 'playwright-core';
import { expect, inject, test } from 'vitest';

import { atService, login, person, useBrowser } from './browser';
import { killRedis, webProcess } from './daemon';

useBrowser();
const people = inject('people');
const served = inject('served');
const FOLDER = fileURLToPath(new URL('../screenshots', import.meta.url));
mkdirSync(FOLDER, { recursive: true });

const shot = async (page: Page, name: string, fullPage = true): Promise<void> => {
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${FOLDER}/${name}.png`, fullPage, animations: 'disabled' });
};

const PAGES = { service: '/services/redis', services: '/services', status: '/status', metrics: '/services/redis/metrics', events: '/events', audit: '/audit', users: '/users', requests: '/requests', settings: '/settings', nowhere: '/nowhere' };

async function pages(label: string, options: Parameters<typeof person>[0]): Promise<void> {
  const one = await person(options);
  await one.page.goto('/login');
  await one.page.getByLabel('Email').waitFor();
  await shot(one.page, `${label}-login`);
  await one.page.goto('/services/redis');
  await one.page.locator('.badge').first().waitFor();
  await shot(one.page, `${label}-service-anonymous`);
  await login(one.page, people.admin);
  for (const [name, path] of Object.entries(PAGES)) {
    await one.page.goto(path);
    await one.page.waitForLoadState('networkidle');
    await one.page.locator('h1').first().waitFor();
    await shot(one.page, `${label}-${name}`);
  }
  await one.context.close();
}

test('every page, light', () => pages('light', { colorScheme: 'light' }));
test('every page, dark', () => pages('dark', { colorScheme: 'dark' }));
test('every page, on a phone', () => pages('phone', { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 }));

test('dialogs and states', async () => {
  const one = await person();
  const { page } = one;
  await page.clock.install();
  await login(page, people.admin);
  await atService(one);
  for (const name of ['Restart', 'Stop', 'Why?']) {
    await page.getByRole('button', { name, exact: true }).click();
    await page.getByRole('dialog').waitFor();
    await page.waitForLoadState('networkidle');
    await shot(page, `state-dialog-${name.toLowerCase().replace(/\W/g, '')}`, false);
    await page.keyboard.press('Escape');
  }
  await page.getByRole('button', { name: 'Show Logs' }).click();
  await page.getByRole('log').waitFor();
  await shot(page, 'state-logs');
  killRedis(served);
  await page.getByText('✓ Auto-Recovery Successful').waitFor();
  await shot(page, 'state-recovered', false);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByLabel('Type "STOP" to confirm:').fill('STOP');
  await page.getByRole('button', { name: 'Confirm Stop', exact: true }).click();
  await page.locator('.badge', { hasText: 'Stopped' }).first().waitFor();
  await shot(page, 'state-stopped');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.locator('.badge', { hasText: 'Running' }).first().waitFor();
  const web = webProcess(served);
  process.kill(web, 'SIGSTOP');
  try {
    await page.clock.fastForward(90_000);
    await page.locator('.now.tone-unknown').waitFor();
    await shot(page, 'state-stale');
  } finally {
    process.kill(web, 'SIGCONT');
  }
  const viewer = await person();
  await login(viewer.page, people.viewer);
  await atService(viewer);
  await viewer.page.getByRole('button', { name: 'Stop' }).click({ force: true });
  await shot(viewer.page, 'state-denied', false);
  await viewer.page.getByRole('button', { name: 'Contact Admin' }).click();
  await shot(viewer.page, 'state-request', false);
  expect(viewer.complaints).toEqual([]);
});
