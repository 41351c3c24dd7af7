/** Pictures of every page and state, to be looked at: ./dev screenshots. */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { Page } from 'playwright-core';
import { expect, inject, test } from 'vitest';

import { atService, login, person, useBrowser } from './browser';
import { ask, killRedis, webProcess } from './daemon';
import { withReceiver } from './receiver';
import { withStore } from './store';

useBrowser();
const people = inject('people');
const served = inject('served');
const FOLDER = fileURLToPath(new URL('../screenshots', import.meta.url));
mkdirSync(FOLDER, { recursive: true });

const shot = async (page: Page, name: string, fullPage = true): Promise<void> => {
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${FOLDER}/${name}.png`, fullPage, animations: 'disabled' });
};

/** The same page in each look, without loading it again. */
async function everyLook(page: Page, name: string): Promise<void> {
  for (const [look, colorScheme, viewport] of [
    ['light', 'light', { width: 1280, height: 800 }],
    ['dark', 'dark', { width: 1280, height: 800 }],
    ['phone', 'light', { width: 360, height: 740 }],
    ['phone-dark', 'dark', { width: 360, height: 740 }],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    await shot(page, `${look}-${name}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

const PAGES = { service: '/services/redis', services: '/services', status: '/status', metrics: '/services/redis/metrics', backups: '/services/redis/backups', inspect: '/services/redis/inspect', 'backups-all': '/backups', events: '/events', audit: '/audit', users: '/users', requests: '/requests', settings: '/settings', nowhere: '/nowhere' };

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

test('incidents, alerts, maintenance and channels', { timeout: 180_000 }, async () => {
  const receiver = await withReceiver(served);
  const { page } = await person();
  const order = async (path: string, body: object): Promise<{ readonly id: number }> => (await ask(served, 'POST', path, body, receiver.token)).body as { id: number };
  try {
    await login(page, people.admin);
    await page.goto('/settings');
    for (const name of ['hook', 'gone']) await page.getByRole('button', { name: `Send a test to ${name}` }).click().then(() => page.getByText(new RegExp(`^${name} (took|did)`)).waitFor());
    await everyLook(page, 'channels');
    killRedis(served);
    const { id: window } = await order('/api/maintenance', { title: 'Redis update', services: ['*'], starts_at: new Date(Date.now() + 3 * 86_400_000).toISOString(), duration_minutes: 120 });
    const { id: other } = await order('/api/maintenance', { title: 'new disk', services: ['redis'], starts_at: new Date(Date.now() + 86_400_000).toISOString(), duration_minutes: 90, impact: 'degraded' });
    await page.getByRole('button', { name: /needs? you/ }).filter({ hasText: /[1-9]/ }).click();
    await page.getByRole('link', { name: /alert of Redis Service has no answer/ }).waitFor();
    await everyLook(page, 'bell');
    await page.getByRole('link', { name: /alert of Redis Service has no answer/ }).click();
    await page.getByText('Delivered').first().waitFor();
    await everyLook(page, 'alert');
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await everyLook(page, 'acknowledge');
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: /^Incident \d+$/ }).click();
    await page.getByRole('button', { name: 'Take command' }).click();
    await page.getByText('You command this incident.').first().waitFor();
    await everyLook(page, 'incident');
    await page.getByRole('combobox', { name: 'Template' }).selectOption('initial');
    await page.getByRole('button', { name: 'Send update' }).click();
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('# Incident').waitFor();
    await everyLook(page, 'incident-led');
    for (const list of ['incidents', 'alerts', 'maintenance']) {
      await page.goto(`/${list}`);
      await page.waitForLoadState('networkidle');
      await everyLook(page, list);
    }
    await page.getByRole('combobox', { name: 'Repeat' }).selectOption('monthly');
    await page.getByLabel('Own checklist').check();
    await everyLook(page, 'maintenance-form');
    await order(`/api/maintenance/${other}/begin`, {});
    await order(`/api/maintenance/${other}/checklist`, { item: 1, done: true, note: 'dump on backup-1' });
    await page.goto(`/maintenance/${other}`);
    await page.getByText('dump on backup-1').waitFor();
    await everyLook(page, 'window');
    await order(`/api/maintenance/${other}/end`, {});
    await page.locator('.now', { hasText: 'Ended' }).waitFor();
    await everyLook(page, 'window-over');
    await page.goto(`/maintenance/${window}`);
    await page.getByRole('button', { name: 'Cancel this window' }).click();
    await everyLook(page, 'window-cancel');
  } finally {
    await ask(served, 'POST', '/api/services/redis/start', {}, receiver.token);
    await receiver.stop();
  }
});

test('backups', { timeout: 240_000 }, async () => {
  const store = await withStore(served);
  const { page } = await person();
  try {
    await login(page, people.admin);
    await page.goto('/services/redis/backups');
    await page.getByText('No backups are configured').first().waitFor();
    await everyLook(page, 'backups-none');
    await page.goto('/backups');
    await page.getByText('Not set up', { exact: true }).waitFor();
    await everyLook(page, 'backups-all-none');
    await store.configure('backup: {schedule: "02:30", keep: {last: 3, daily: 7}, minimum: 2}', true);
    for (let i = 0; i < 40; i++) await store.redis('SET', `session:${i}`, 'x'.repeat(400));
    const [first] = await store.create('before the upgrade to 7.2');
    await store.plant(first, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    await ask(served, 'POST', `/api/services/redis/backups/${first}/pin`, { days: 90, reason: 'audit' }, store.token);
    await store.redis('FLUSHALL');
    await store.create();
    await store.redis('ACL', 'SETUSER', 'default', '-psync');
    await store.create();
    await page.goto('/services/redis/backups');
    await page.getByText('The last attempt failed', { exact: true }).waitFor();
    await everyLook(page, 'backups');
    await page.getByRole('button', { name: `Details of backup ${first}` }).click();
    await everyLook(page, 'backups-details');
    await page.getByRole('dialog').getByRole('button', { name: 'End the pin' }).click();
    await everyLook(page, 'backups-unpin');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Remove old ones' }).click();
    await page.getByRole('dialog').getByRole('table').waitFor();
    await everyLook(page, 'backups-prune');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Back up now' }).click();
    await everyLook(page, 'backups-create');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Restore', exact: true }).click();
    await page.getByRole('dialog').getByText('Keys of the backup').waitFor();
    await everyLook(page, 'restore');
    await page.keyboard.press('Escape');
    const [status, overview] = [(await ask(served, 'GET', '/api/services/redis/backup-status', undefined, store.token)).body as object, (await ask(served, 'GET', '/api/backups', undefined, store.token)).body as { items: object[] }];
    const job = { number: 99, task: 'create', backup: null, stage: 'pulling', waits_for: null, bytes: 900, user: people.operator.email, since: new Date().toISOString() };
    await page.route('**/api/services/redis/backup-status', (route) => route.fulfill({ json: { ...status, failure: null, problem: null, job } }));
    await page.reload();
    await page.getByRole('progressbar').waitFor();
    await everyLook(page, 'backups-running');
    await page.unroute('**/api/services/redis/backup-status');
    const ago = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();
    const well = { ...overview.items[0], failure: null, problem: null, overdue: false };
    await page.route('**/api/backups', (route) => route.fulfill({ json: { items: [
      { ...well, service: 'sessions', last_proved_at: ago(7.2) }, { ...well, service: 'queue', overdue: true, last_proved_at: ago(40), problem: 'No backup was proved since 2026-11-28T18:00:00Z. Run: resus backup create queue' },
      overview.items[0], { ...well, service: 'cache', schedule: null, next_at: null, count: 0, bytes: 0, last_proved_at: null }, { ...well, service: 'ledger', last_proved_at: null, count: 2 }] } }));
    await page.goto('/backups');
    await page.getByText('Overdue', { exact: true }).waitFor();
    await everyLook(page, 'backups-all');
    await page.setViewportSize({ width: 1150, height: 700 });
    await shot(page, 'light-backups-all-1150');
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto('/services/redis');
    await page.getByRole('link', { name: 'All backups' }).waitFor();
    await everyLook(page, 'backups-card');
  } finally {
    await store.stop();
  }
});
