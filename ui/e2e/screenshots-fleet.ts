/** Pictures of the console with many services, to be looked at: ./dev screenshots. */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { loggedIn, useBrowser } from './browser';
import { Fleet } from './fleet';

useBrowser();
const FOLDER = fileURLToPath(new URL('../screenshots', import.meta.url));
mkdirSync(FOLDER, { recursive: true });

async function everyLook(page: Page, name: string): Promise<void> {
  for (const [look, colorScheme, viewport] of [
    ['light', 'light', { width: 1280, height: 800 }],
    ['dark', 'dark', { width: 1280, height: 800 }],
    ['phone', 'light', { width: 360, height: 740 }],
    ['phone-dark', 'dark', { width: 360, height: 740 }],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    await page.mouse.move(0, 0);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.screenshot({ path: `${FOLDER}/fleet-${name}-${look}.png`, animations: 'disabled' });
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

test('240 services, 60 of them down', { timeout: 300_000 }, async () => {
  const fleet = await Fleet.start({ size: 240, down: 60 });
  try {
    const one = await loggedIn(fleet.served.admin, { baseURL: fleet.served.url });
    const { page } = one;
    await page.goto('/services');
    await page.getByRole('listitem').first().waitFor();
    await page.waitForLoadState('networkidle');
    await everyLook(page, 'services');
    await page.getByRole('button', { name: 'Services', exact: true }).click();
    await page.screenshot({ path: `${FOLDER}/fleet-menu.png` });
    await page.goto('/services?q=queue&group=Shop');
    await page.waitForLoadState('networkidle');
    await page.getByRole('button', { name: /^Select all/ }).click();
    await everyLook(page, 'selected');
    await page.getByRole('button', { name: 'Pause recovery' }).click();
    await page.getByLabel('Reason').fill('new disks');
    await everyLook(page, 'bulk');
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('button', { name: 'Close' }).waitFor();
    await everyLook(page, 'bulk-done');
    await page.goto('/status');
    await page.waitForLoadState('networkidle');
    await everyLook(page, 'status');
    await page.goto('/maintenance');
    await page.waitForLoadState('networkidle');
    await everyLook(page, 'maintenance');
    await page.goto('/wall');
    await page.locator('.tile').first().waitFor();
    await everyLook(page, 'wall');
    await page.setViewportSize({ width: 1920, height: 1080 });
    await page.screenshot({ path: `${FOLDER}/fleet-wall-large.png` });
    await page.goto('/wall?status=healthy');
    await page.locator('.all').waitFor();
    await page.screenshot({ path: `${FOLDER}/fleet-wall-well.png` });
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto('/services/s001/metrics?with=s002,s003');
    await page.locator('.uplot').first().waitFor({ timeout: 150_000 });
    await page.getByRole('combobox', { name: 'Compare with' }).click();
    await everyLook(page, 'metrics');
    expect(one.complaints).toEqual([]);
  } finally {
    await fleet.stop();
  }
});
