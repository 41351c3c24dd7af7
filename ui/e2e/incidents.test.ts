import { readFileSync } from 'node:fs';

import { expect, inject, test, vi } from 'vitest';

import { faults } from './axe';
import { done, loggedIn, useBrowser } from './browser';
import { ask, killRedis } from './daemon';
import { withReceiver } from './receiver';

useBrowser();
const people = inject('people');
const served = inject('served');

test('a channel is tested, an alert answered, its incident led to its post-mortem', { timeout: 180_000 }, async () => {
  const receiver = await withReceiver(served);
  const admin = await loggedIn(people.admin);
  const { page } = admin;
  try {
    await page.goto('/settings');
    const channels = page.getByRole('region', { name: 'Notification channels' });
    await channels.getByRole('button', { name: 'Send a test to hook' }).click();
    await channels.getByText('hook took the test message').waitFor();
    expect(receiver.taken.some((body) => body.includes('"test"'))).toBe(true);
    await channels.getByRole('button', { name: 'Send a test to gone' }).click();
    await channels.getByText('gone did not take the test message').waitFor();
    expect(await channels.innerText()).not.toContain('127.0.0.1');

    killRedis(served);
    await page.getByRole('button', { name: /needs? you/ }).filter({ hasText: /[1-9]/ }).click();
    await page.getByRole('link', { name: /P1 alert of Redis Service has no answer/ }).click();
    await page.getByRole('table', { name: 'Messages' }).getByRole('row').filter({ hasText: 'hook' }).getByText('Delivered').waitFor();
    expect(await faults(page)).toEqual([]);
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByLabel('Note (optional)').fill('on my way');
    await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByText(`Acknowledged by ${people.admin.email}`).waitFor();

    await page.getByRole('link', { name: /^Incident \d+$/ }).click();
    await page.getByRole('button', { name: 'Take command' }).click();
    await page.getByText('You command this incident.').first().waitFor();
    await page.getByRole('combobox', { name: 'Template' }).selectOption('initial');
    expect(await page.getByLabel('Message').inputValue()).toMatch(/^INCIDENT ALERT - Redis Service P1\n/);
    await page.getByRole('button', { name: 'Send update' }).click();
    const timeline = page.getByRole('region', { name: 'Timeline' });
    await timeline.getByText('INCIDENT ALERT - Redis Service P1').waitFor();
    await vi.waitUntil(() => receiver.taken.some((body) => body.includes('INCIDENT ALERT')));
    await page.getByLabel('Root cause').fill('The process was killed.');
    await page.getByRole('button', { name: 'Save' }).click();
    const number = /\d+$/.exec(page.url())?.[0] ?? '';
    // Another person's note comes live.
    await ask(served, 'POST', `/api/incidents/${number}/notes`, { text: 'The disk is fine.' }, receiver.token);
    await timeline.getByText('The disk is fine.').waitFor();
    expect(await faults(page)).toEqual([]);

    const viewer = await loggedIn(people.viewer);
    await viewer.page.goto(`/incidents/${number}`);
    await viewer.page.getByText('An operator or an admin can act on it.').waitFor();
    expect(await viewer.page.getByRole('button', { name: /^(Acknowledge|Take|Resolve|Send|Plan)|needs? you/ }).count()).toBe(0);
    expect(await viewer.page.locator('main').innerText()).not.toContain(people.admin.email);
    await done(viewer);

    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
    expect(readFileSync(await file.path(), 'utf8')).toMatch(/^# Incident \d+: [^]*The process was killed\.[^]*The disk is fine\./);
    await ask(served, 'POST', '/api/services/redis/start', {}, receiver.token);
    await page.locator('.now', { hasText: 'Mitigated' }).waitFor();
    await page.getByRole('button', { name: 'Resolve', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Resolve', exact: true }).click();
    await page.locator('.now', { hasText: 'Resolved' }).waitFor();
    await page.getByRole('link', { name: 'Incidents', exact: true }).first().click();
    await page.getByRole('combobox', { name: 'Show' }).selectOption('all');
    await page.getByRole('list', { name: 'Incidents' }).getByText('Resolved').first().waitFor();
    expect(await faults(page)).toEqual([]);
    await done(admin);
  } finally {
    await ask(served, 'POST', '/api/services/redis/start', {}, receiver.token);
    await receiver.stop();
  }
});

test('a window is planned, holds recovery with a banner for all, and ends early', { timeout: 120_000 }, async () => {
  const [admin, viewer] = [await loggedIn(people.admin), await loggedIn(people.viewer)];
  const { page } = admin;
  await viewer.page.goto('/status');
  await page.goto('/maintenance');
  await page.getByRole('textbox', { name: 'Title' }).fill('kernel update');
  await page.getByRole('combobox', { name: 'Repeat' }).selectOption('weekly');
  await page.getByText('when: "Sun 02:00-04:00"').waitFor();
  await page.getByRole('combobox', { name: 'Repeat' }).selectOption('once');
  await page.getByLabel('Date').fill(new Date(Date.now() + 9 * 86_400_000).toISOString().slice(0, 10));
  await page.getByRole('button', { name: 'Plan this window' }).click();
  const row = page.getByRole('list', { name: 'Coming' }).getByRole('link', { name: /kernel update/ });
  await row.waitFor();
  await page.getByRole('table', { name: 'The next weeks' }).getByText('kernel update').waitFor();
  expect(await faults(page)).toEqual([]);
  await row.click();
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  const dialog = page.getByRole('dialog');
  expect(await dialog.getByRole('button', { name: 'Change', exact: true }).isDisabled(), 'nothing differs yet').toBe(true);
  await dialog.getByLabel('Start').fill('03:30');
  await dialog.getByRole('combobox', { name: 'Length' }).selectOption('4 hours');
  await dialog.getByRole('combobox', { name: 'Impact' }).selectOption('Degraded');
  expect(await faults(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Change', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('(4h)').waitFor();
  await page.getByText(/03:30/).first().waitFor();
  await page.getByRole('definition').filter({ hasText: 'Degraded' }).waitFor();
  await page.getByRole('button', { name: 'Begin now' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Begin now' }).click();
  const banner = /maintenance “kernel update” until .*no automatic recovery/;
  await page.getByText(banner).waitFor();
  await viewer.page.getByText(banner).waitFor();
  await page.getByLabel('Note for what you tick next (optional)').fill('dump on backup-1');
  // Resus has ticked what it knows.
  await page.getByRole('checkbox', { checked: false }).first().click();
  await page.getByText(`by ${people.admin.email}`).first().waitFor();
  await page.getByText('dump on backup-1').waitFor();
  expect(await faults(page)).toEqual([]);
  await page.getByRole('button', { name: 'End now' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End now' }).click();
  // The services are checked first, and on a busy machine that takes its time.
  await page.locator('.now', { hasText: 'Ended' }).waitFor({ timeout: 60_000 });
  await page.getByRole('table', { name: 'Services' }).waitFor();
  await viewer.page.getByText(banner).waitFor({ state: 'detached' });
  await done(admin, viewer);
});
