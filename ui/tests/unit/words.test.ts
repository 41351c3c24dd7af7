import { describe, expect, test } from 'vitest';

import { OPERATIONS } from '@/contract/types.gen';
import { health as parseHealth, status as parseStatus, type Health, type Status } from '@/contract/service';
import { availability } from '@/domain/action';
import { backoffMs } from '@/domain/backoff';
import { badgeOf, badgeOfStatus } from '@/domain/badge';
import { ageText, agoText, dayText, durationText, tookText } from '@/domain/duration';
import { checkText, latencyText, memoryText, percentText, plainText } from '@/domain/figure';
import { NOTHING, snapshot } from '@/domain/live';
import { may, type Permission } from '@/domain/permission';
import { answerOf, countdownOf, doingOf, recoveryStatusText } from '@/domain/sentence';
import { words } from '@/i18n';

import healthJson from '../fixtures/health.json';
import statusJson from '../fixtures/status.json';

const NOW = Date.parse('2026-11-22T19:19:40Z');
const status = (change: object = {}): Status => parseStatus({ ...statusJson, ...change });
const health = (change: object = {}): Health => parseHealth({ ...healthJson, ...change });
const recovery = (change: object): object => ({ auto_recovery: { ...healthJson.auto_recovery, ...change } });
const clock = (): string => '22:00';

describe('numbers as people read them', () => {
  test.each([[102_720, '1d 4h 32m'], [16_320, '4h 32m'], [75, '1m 15s'], [9, '9s'], [-3, '0s'], [86_400, '1d 0h 0m']])('%i s is %s', (seconds, text) => expect(durationText(seconds)).toBe(text));
  test.each([[0.0004, '< 1 ms'], [0.294, '294 ms'], [2.04, '2.0 s'], [15.7, '15.7 s'], [59, '59 s'], [95, '1m 35s']])('%d s took %s', (seconds, text) => expect(tookText(seconds)).toBe(text));
  test.each([[2_400, '2s ago'], [125_000, '2m 5s ago'], [3 * 86_400_000, '3d 0h ago']])('an age of %i ms is %s', (ms, text) => expect(ageText(ms)).toBe(text));
  test.each([[1_000, 'just now'], [30_000, '30 seconds ago'], [125_000, '2 minutes ago'], [3_600_000, '1 hour ago'], [200_000_000, '2 days ago']])('%i ms ago is told as %s', (ms, text) => expect(agoText(ms)).toBe(text));
  test.each([[128.5, '128.5 MB'], [4096, '4 GB'], [3482.2, '3,482 MB'], [0.97, '1 MB']])('%d MB is %s', (mb, text) => expect(memoryText(mb)).toBe(text));
  test.each([[0.42, '0.4 ms'], [0.01, '< 0.1 ms'], [0, '< 0.1 ms'], [50, '50 ms'], [1500, '1.5 s']])('%d ms is %s', (ms, text) => expect(latencyText(ms)).toBe(text));
  test('a check’s time and figures have the guide’s spelling', () => {
    expect(checkText(2.5)).toBe('2.5ms');
    expect(plainText(128.46)).toBe('128.5');
    expect(plainText(4096)).toBe('4096');
    expect(percentText(3.14)).toBe('3.1 %');
  });
  test('days are named from the reader’s point of view', () => {
    expect(dayText(NOW, NOW)).toBe('Today');
    expect(dayText(NOW - 86_400_000, NOW)).toBe('Yesterday');
  });
});

describe('tasks of backups and restores', () => {
  const tasks = Object.entries(OPERATIONS).filter(([name, { method }]) => method !== 'GET' && /^(backup_|restore$|restore_undo$)/.test(name)).map(([name]) => name);
  test.each(tasks)('%s has its words', (name) => {
    expect(words.service.events[name]).toBeDefined();
    expect(words.service.verbs[name]).toBeDefined();
  });
});

describe('badge', () => {
  test.each([
    ['running', 'healthy', 'healthy', 'Running'],
    ['running', 'degraded', 'degraded', 'Degraded'],
    ['running', 'critical', 'critical', 'Critical'],
    ['stopped', 'critical', 'critical', 'Stopped'],
    ['failed', 'critical', 'critical', 'Failed'],
    ['unknown', 'unknown', 'unknown', 'Unknown'],
    ['starting', 'degraded', 'progress', 'Starting'],
  ] as const)('%s and %s is %s: %s', (unit, overall, tone, word) => expect(badgeOf(unit, overall, false)).toEqual({ tone, word }));
  test('is never green when it is stale, whatever was known', () => {
    for (const unit of ['running', 'stopped', 'failed', 'starting', 'stopping', 'unknown'] as const)
      for (const overall of ['healthy', 'degraded', 'critical', 'unknown'] as const) expect(badgeOf(unit, overall, true).tone).toBe('unknown');
  });
  test('a stop on purpose is no alarm, for strangers neither', () => {
    const stopped = { status: 'stopped', overall_status: 'critical', last_check: null };
    expect(badgeOfStatus(parseStatus(stopped), false)).toEqual({ tone: 'critical', word: 'Stopped' });
    const planned = parseStatus({ ...stopped, stopped_at: '2026-11-22T19:16:40Z' });
    expect(badgeOfStatus(planned, false)).toEqual({ tone: 'degraded', word: 'Stopped' });
    expect(answerOf({ ...NOTHING, status: planned }, false, NOW)).toBe('Stopped on purpose 3 minutes ago.');
  });
  test('shows an operation that runs', () => {
    expect(badgeOfStatus(status({ operation: { operation: 'stop', user: 'a', since: null } }), false).word).toBe('Stopping');
  });
});

describe('sentences', () => {
  test('of a healthy service', () => {
    const live = snapshot(NOTHING, status(), health());
    expect(answerOf(live, false, NOW)).toBe('Answering in 0.1 ms. Up 5s.');
    expect(doingOf(live, clock)).toBe('Nothing to do.');
  });
  test('say what was last known when it is old', () => {
    expect(answerOf(snapshot(NOTHING, status(), health()), true, Date.parse(statusJson.last_check) + 130_000)).toBe('Nothing heard for 2m 10s: this is how it was then.');
  });
  test('say that it cannot be told, and why', () => {
    const cause = { ...healthJson.cause, code: 'host_unreachable', summary: 'Neither Redis nor the host can be reached.', since: '2026-11-22T19:19:00Z' };
    const live = snapshot(NOTHING, status({ status: 'unknown', overall_status: 'unknown' }), health({ overall_status: 'unknown', cause }));
    expect(answerOf(live, false, NOW)).toBe('Unable to determine service status. Neither Redis nor the host can be reached. For 40s.');
  });
  test('name who stopped it', () => {
    const live = snapshot(NOTHING, status({ status: 'stopped', overall_status: 'critical', stopped_by: 'admin@localhost', stopped_at: '2026-11-22T19:17:40Z' }), null);
    expect(answerOf(live, false, NOW)).toBe('Stopped by admin@localhost 2 minutes ago.');
  });
  test('name why it was stopped, also where the stop was cut', () => {
    const stopped = { status: 'failed', overall_status: 'critical', stopped_by: 'admin@localhost', stopped_at: '2026-11-22T19:17:40Z', stop_reason: 'new memory' };
    expect(answerOf(snapshot(NOTHING, status(stopped), null), false, NOW)).toBe('Stopped by admin@localhost 2 minutes ago: new memory');
  });
  test.each([
    [{ state: 'recovering', attempts: 2 }, 'Resus is recovering it: attempt 2 of 3.'],
    [{ state: 'waiting', next_step_in_seconds: 75 }, 'Resus takes the next step in 1m 15s.'],
    [
      { state: 'waiting', phase: 'grace', next_step_in_seconds: 75, next_step_at: '2026-11-22T19:21:15Z' },
      'Resus starts it at 22:00. To keep it stopped, stop it here or pause recovery.',
    ],
    [{ state: 'waiting', phase: 'backoff', next_step_in_seconds: 75, next_step_at: '2026-11-22T19:21:15Z' }, 'Resus takes the next step at 22:00.'],
    [
      { state: 'failed', attempts: 0, withheld: { reason_code: 'restart_useless', text: 'A restart would not help with this cause.' } },
      'A person is needed: A restart would not help with this cause.',
    ],
    [{ state: 'failed' }, 'Resus has stopped trying: a person is needed.'],
    [{ state: 'paused', paused_until: '2026-11-22T22:00:00Z' }, 'Not guarded: automatic recovery is paused until 22:00.'],
    [{ state: 'disabled' }, 'Not guarded: automatic recovery is switched off, Resus only watches.'],
    [{ state: 'confirming' }, 'Resus looks closer before it acts.'],
  ])('say what Resus does: %j', (change, text) => {
    expect(doingOf(snapshot(NOTHING, status(), health(recovery(change))), clock)).toBe(text);
  });
  test('count down to the next step, by the daemon’s clock', () => {
    const waiting = snapshot(NOTHING, status(), health(recovery({ state: 'waiting', phase: 'grace', next_step_at: '2026-11-22T19:21:15Z' })));
    expect(countdownOf(waiting, NOW)).toBe('1m 35s to go.');
    expect(countdownOf({ ...waiting, skewMs: 60_000 }, NOW)).toBe('35s to go.');
    expect(countdownOf(waiting, NOW + 120_000)).toBe('');
    expect(countdownOf(snapshot(NOTHING, status(), health()), NOW)).toBe('');
  });
  test('say of a misconfigured service that it is not watched', () => {
    const cause = { ...healthJson.cause, code: 'misconfigured', summary: 'misconfigured: cannot open /x: No such file or directory', since: null };
    const live = snapshot(NOTHING, status({ status: 'unknown', overall_status: 'unknown' }), health({ overall_status: 'unknown', cause }));
    expect(answerOf(live, false, NOW)).toBe('Unable to determine service status. misconfigured: cannot open /x: No such file or directory.');
    expect(doingOf(live, clock)).toBe('Resus does not watch it until its settings are corrected.');
  });
  test('say why nothing is done', () => {
    const withheld = { reason_code: 'restart_harmful', text: 'A restart would do harm with this cause.' };
    const live = snapshot(NOTHING, status({ overall_status: 'critical' }), health({ overall_status: 'critical', ...recovery({ withheld }) }));
    expect(doingOf(live, clock)).toBe('Resus does nothing: A restart would do harm with this cause.');
  });
  test('say that a healthy service is not guarded', () => {
    const withheld = { reason_code: 'cannot_act', text: 'sudo does not allow autobot `/bin/systemctl restart redis`: resus doctor.' };
    const live = snapshot(NOTHING, status(), health(recovery({ withheld })));
    expect(doingOf(live, clock)).toBe('Not guarded: sudo does not allow autobot `/bin/systemctl restart redis`: resus doctor.');
    expect(doingOf(snapshot(NOTHING, status(), health(recovery({ state: 'failed', withheld: { reason_code: 'attempts_exhausted', text: 'Used up.' } }))), clock)).toBe('Not guarded: Used up.');
    expect(doingOf(snapshot(NOTHING, status(), health(recovery({ withheld: { reason_code: 'backup_running', text: 'x' } }))), clock)).toBe('Nothing to do.');
  });
  test('put another person’s operation first', () => {
    const live = snapshot(NOTHING, status({ operation: { operation: 'restart', user: 'ops', since: null, phase: 'verifying' } }), health());
    expect(doingOf(live, clock)).toBe('ops is restarting the service: waiting until Redis answers.');
  });
  test('of the recovery panel are the guide’s', () => {
    const text = (change: object): string => recoveryStatusText(health(recovery(change)).auto_recovery!);
    expect(text({})).toBe('Monitoring');
    expect(text({ recovery_status: 'success', recovery_level: 'standard' })).toBe('Success (Standard Recovery)');
    expect(text({ state: 'failed', requires_manual_intervention: true })).toBe('Failed - Manual Intervention Required');
  });
});

describe('what a role may do is the guide’s matrix', () => {
  const matrix: [Permission, string][] = [['status', '✓✓✓✓'], ['health', '✓✓✓✓'], ['metrics', '✗✓✓✓'], ['start', '✗✗✓✓'], ['restart', '✗✗✓✓'], ['stop', '✗✗✗✓'], ['logs', '✗✗✗✓'], ['recovery_set', '✗✗✗✓']];
  test.each(matrix)('%s: anonymous, viewer, operator, admin = %s', (permission, row) => {
    expect((['anonymous', 'viewer', 'operator', 'admin'] as const).map((role) => (may(role, permission) ? '✓' : '✗')).join('')).toBe(row);
  });
});

describe('a button', () => {
  test('that the role forbids says so whatever the state', () => {
    expect(availability('stop', 'operator', status({ status: 'stopped' }), true)).toEqual({ kind: 'forbidden' });
  });
  test('that the state forbids says why', () => {
    expect(availability('start', 'admin', status(), true)).toEqual({ kind: 'impossible', why: 'The service runs already.' });
    expect(availability('stop', 'admin', status({ status: 'stopped' }), true)).toMatchObject({ kind: 'impossible' });
    expect(availability('stop', 'admin', status({ status: 'stopped' }), true, true)).toEqual({ kind: 'ready' });
    expect(availability('restart', 'admin', status({ operation: { operation: 'stop', user: 'root', since: null } }), true)).toEqual({ kind: 'impossible', why: 'root is at it: stopping.' });
    expect(availability('restart', 'admin', status(), false)).toMatchObject({ kind: 'impossible' });
  });
  test('is ready otherwise', () => {
    expect(availability('restart', 'operator', status(), true)).toEqual({ kind: 'ready' });
    expect(availability('start', 'operator', status({ status: 'failed', overall_status: 'critical' }), true)).toEqual({ kind: 'ready' });
  });
});

describe('coming back', () => {
  test('waits longer each time, up to half a minute, never less than half of it', () => {
    for (let attempt = 0; attempt < 30; attempt++) {
      const whole = Math.min(30_000, 500 * 2 ** attempt);
      expect(backoffMs(attempt, () => 0)).toBe(whole / 2);
      expect(backoffMs(attempt, () => 1)).toBe(whole);
    }
  });
});
