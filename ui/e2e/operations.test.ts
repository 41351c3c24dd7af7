import { expect, inject, test } from 'vitest';

import { atService, done, loggedIn, useBrowser } from './browser';
import { killRedis, ordered } from './daemon';

useBrowser();
const people = inject('people');

test('the service page has the words of the guide', async () => {
  const admin = await loggedIn(people.admin);
  const page = await atService(admin);
  const text = await page.locator('main').innerText();
  for (const word of ['Redis Service', 'Running', 'Uptime', 'Memory', 'Connections', 'Start', 'Restart', 'Stop', 'Refresh', 'Health Status', 'HEALTHY', 'Connectivity: pass', 'Systemd: pass', 'Performance: pass', 'PING successful', 'Service active and running', 'All metrics within normal ranges', 'Auto-Recovery', 'Enabled', 'Recent Recoveries', 'Last Recovery', 'Show Logs', 'SSH Accessible', 'Last check:'])
    expect(text).toContain(word);
  await done(admin);
});

test('a restart asks with the words of the guide, names the cost, and gives a new process', async () => {
  const admin = await loggedIn(people.admin);
  const page = await atService(admin);
  const pid = await page.getByText(/^PID \d+$/).innerText();
  await page.getByRole('button', { name: 'Restart' }).click();
  const dialog = page.getByRole('dialog', { name: 'Restart Redis Service' });
  await dialog.getByText('Expected downtime').waitFor();
  const text = await dialog.innerText();
  for (const word of ['This will temporarily interrupt Redis service.', 'Active connections will be dropped.', 'Are you sure you want to continue?', 'Connections that drop', 'Unsaved changes', 'Last save', 'Replicas'])
    expect(text).toContain(word);
  expect(await dialog.getByRole('button', { name: 'Cancel' }).evaluate((button) => button === document.activeElement)).toBe(true);
  await dialog.getByRole('button', { name: 'Confirm Restart', exact: true }).click();
  await page.getByText('Redis service restarted successfully').first().waitFor();
  await page.waitForFunction((old) => !document.body.innerText.includes(old), pid);
  await page.locator('.badge', { hasText: 'Running' }).first().waitFor();
  await done(admin);
});

test('Escape leaves the service alone and gives the focus back', async () => {
  const admin = await loggedIn(people.admin);
  const page = await atService(admin);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await page.getByRole('button', { name: 'Stop' }).evaluate((button) => button === document.activeElement)).toBe(true);
  expect(await page.locator('.badge').first().innerText()).toContain('Running');
  await done(admin);
});

test('a stop needs STOP typed, is told everywhere, and a start brings it back', async () => {
  const admin = await loggedIn(people.admin);
  const page = await atService(admin);
  await page.getByRole('button', { name: 'Stop' }).click();
  const dialog = page.getByRole('dialog', { name: 'Stop Redis Service' });
  const text = await dialog.innerText();
  for (const word of ['CRITICAL OPERATION', 'Stopping Redis cuts off every client.', 'This action requires administrator confirmation.', 'Type "STOP" to confirm:'])
    expect(text).toContain(word);
  const confirm = dialog.getByRole('button', { name: 'Confirm Stop', exact: true });
  expect(await confirm.isDisabled()).toBe(true);
  await dialog.getByLabel('Type "STOP" to confirm:').fill('stop');
  expect(await confirm.isDisabled()).toBe(true);
  await dialog.getByLabel('Type "STOP" to confirm:').fill('STOP');
  await dialog.getByLabel('Reason (for the audit log)').fill('a test');
  await confirm.click();
  await page.locator('.badge', { hasText: 'Stopped' }).first().waitFor();
  await page.getByText('Redis service offline - limited functionality').waitFor();
  await page.getByText(/Stopped by admin@localhost/).first().waitFor();
  expect(await page.getByRole('button', { name: 'Restart' }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByText('Redis service started successfully').first().waitFor();
  await page.locator('.badge', { hasText: 'Running' }).first().waitFor();
  await page.getByText('Redis service offline - limited functionality').waitFor({ state: 'detached' });
  await done(admin);
});

test('Refresh checks at once, for everybody', async () => {
  const admin = await loggedIn(people.viewer);
  const page = await atService(admin);
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText('Everything was checked just now.').waitFor();
  await page.getByText(/Last check: [0-3]s ago/).waitFor();
  await done(admin);
});

test('kill -9 of Redis is seen live until it is recovered', async () => {
  const viewer = await loggedIn(people.viewer);
  const page = await atService(viewer);
  await ordered(inject('served'), 'reset-circuit-breaker');
  killRedis(inject('served'));
  await page.getByText('✓ Auto-Recovery Successful').waitFor();
  const card = await page.locator('.notices').innerText();
  expect(card).toMatch(/Redis Service recovered automatically using (Hard|Standard) Recovery\.\s+Service is now healthy\./);
  await page.locator('.badge', { hasText: 'Running' }).first().waitFor();
  await page.getByText(/Redis service recovered automatically/).first().waitFor();
  await done(viewer);
});

test("another person's operation shows at once with their name", async () => {
  const [admin, operator] = [await loggedIn(people.admin), await loggedIn(people.operator)];
  const page = await atService(admin);
  const other = await atService(operator);
  await other.getByRole('button', { name: 'Restart' }).click();
  await other.getByRole('button', { name: 'Confirm Restart', exact: true }).click();
  await page.locator('.notices').getByText(/by operator@example\.org/).waitFor();
  await page.locator('.timeline').getByText(/Redis service restarted successfully/).first().waitFor();
  await done(admin, operator);
});

test('what happened stands on the events page, and a kind can be chosen', async () => {
  const viewer = await loggedIn(people.viewer);
  await ordered(inject('served'), 'restart');
  await viewer.page.goto('/events');
  await viewer.page.getByText('Redis service restarted successfully').first().waitFor();
  await ordered(inject('served'), 'reset-circuit-breaker');
  killRedis(inject('served'));
  await viewer.page.getByText(/recovered automatically/).first().waitFor();
  await viewer.page.getByLabel('Show').selectOption('operations');
  await viewer.page.getByText(/recovered automatically/).first().waitFor({ state: 'detached' });
  await viewer.page.getByText('Redis service restarted successfully').first().waitFor();
  await done(viewer);
});
