import { expect, inject, test } from 'vitest';

import { atService, done, loggedIn, useBrowser } from './browser';
import { webProcess } from './daemon';

useBrowser();
const people = inject('people');
const served = inject('served');

test('a lost connection is told, comes back by itself and brings what was missed', async () => {
  const [viewer, admin] = [await loggedIn(people.viewer), await loggedIn(people.admin)];
  const page = await atService(viewer);
  await atService(admin);
  process.kill(webProcess(served), 'SIGKILL');
  await page.locator('.state.disconnected').waitFor();
  await page.locator('.state.connected').waitFor();
  await admin.page.locator('.state.connected').waitFor();
  await admin.page.getByRole('button', { name: 'Restart' }).click();
  await admin.page.getByRole('button', { name: 'Confirm Restart', exact: true }).click();
  await page.locator('.timeline').getByText('Redis service restarted successfully').first().waitFor();
  await done(viewer, admin);
});

test('what is older than two intervals turns gray with its age: never a stale green', async () => {
  const viewer = await loggedIn(people.viewer);
  const { page } = viewer;
  await page.clock.install();
  await atService(viewer);
  await page.locator('.now.tone-healthy').waitFor();
  const web = webProcess(served);
  process.kill(web, 'SIGSTOP');
  try {
    await page.clock.fastForward(80_000);
    await page.locator('.now.tone-unknown').waitFor();
    expect(await page.locator('.now').innerText()).toMatch(/Unknown\s+Nothing heard for 1m \d+s/);
    expect(await page.locator('.now.tone-healthy, .overall.tone-healthy, .checks .tone-healthy').count()).toBe(0);
  } finally {
    process.kill(web, 'SIGCONT');
  }
  await done(viewer);
});
