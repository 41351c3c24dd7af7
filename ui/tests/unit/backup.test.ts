import { describe, expect, test } from 'vitest';

import { backup as parseBackup, backupStatus as parseStatus, type Backup, type BackupJob, type BackupStatus } from '@/contract/backups';
import { message } from '@/contract/message';
import { backText, careOf, copiesText, drillPlanText, expectedBytes, explained, isAcceptable, isPinned, isUnused, keptBecause, lossText, placeTexts, progressOf, roomOf, roomTexts, sentence, stateOf, takenText, toneOfBackups, troubleOf, worstFirst } from '@/domain/backup';
import { spanText } from '@/domain/duration';
import { bytesText } from '@/domain/figure';
import { apply, NOTHING } from '@/domain/live';
import { storyOf } from '@/domain/story';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const DAY = 86_400_000;
const GB = 1024 ** 3;
const iso = (at: number): string => new Date(at).toISOString();

const backup = (change: object = {}): Backup => parseBackup({
  id: '20261129T023000Z', kind: 'daily', reason: null, by: null, source: { address: '10.0.0.5:6379', role: 'slave', server: 'redis', version: '7.0.15' }, started_at: '2026-11-29T02:30:00Z',
  finished_at: '2026-11-29T02:30:04Z', bytes: GB, keys: 1_226_050, proved: 'loaded', latest: true, checked_at: '2026-11-29T02:30:04Z', check_result: 'good', check_reason: null, check_text: null, suspicious: [],
  accepted_at: null, pinned_until: null, kept_by: ['daily'], sealed: false, copies: [], folder: '/var/lib/resus/backups/redis/daily/20261129T023000Z', ...change,
});
const drill = (change: object = {}): object => ({
  number: 1, backup: '20261128T023000Z', backup_at: iso(NOW - DAY), started_at: iso(NOW - 2 * DAY), ended_at: iso(NOW - 2 * DAY), result: 'good', check_reason: null, message: '', user: 'system', bytes: GB, keys: 5,
  read_seconds: 0.4, load_seconds: 3.8, rto_seconds: 4.2, rpo_seconds: 25_920, ...change,
});
const drilling = (change: object = {}): object => ({ every_seconds: 604_800, next_at: iso(NOW + DAY), overdue: false, last: drill(), passed: drill(), ...change });
const status = (change: object = {}): BackupStatus => parseStatus({
  service: 'redis', schedule: 'daily at 02:30 UTC', next_at: '2026-11-30T02:34:00Z', last_at: '2026-11-29T02:30:00Z', last_proved_at: '2026-11-29T04:48:00Z', last_proved: '20261129T044800Z', count: 14, proved_count: 14,
  bytes: 14 * GB, removable_count: 0, free_bytes: 48 * GB, overdue: false, problem: null, directory: '/var/lib/resus/backups', drill: drilling(), copies: [], job: null, last: null, failure: null, ...change,
});
const ended = (change: object = {}): object => ({ number: 3, task: 'create', backup: null, result: 'failed', cause: 'unreachable', message: 'cannot connect to 10.0.0.5:6379: connection refused', user: 'system', ended_at: iso(NOW - 60_000), duration_seconds: 1, ...change });
const job = (change: object = {}): BackupJob => ({ number: 4, task: 'create', backup: null, stage: 'pulling', waits_for: null, bytes: 0, user: 'system', since: NOW, ...change });

describe('a backup', () => {
  test('is proved, not proved, suspicious or bad, and the worst of these counts', () => {
    expect(stateOf(backup())).toBe('proved');
    expect(stateOf(backup({ proved: 'structure', check_result: 'cannot_tell' }))).toBe('not_proved');
    expect(stateOf(backup({ suspicious: ['now_empty'] }))).toBe('suspicious');
    expect(stateOf(backup({ suspicious: ['now_empty'], check_result: 'bad' }))).toBe('bad');
  });
  test('may be accepted when it has fewer data, and not for other counts or when it is damaged', () => {
    expect(isAcceptable(backup({ suspicious: ['fewer_keys', 'fewer_bytes'] }))).toBe(true);
    expect(isAcceptable(backup({}))).toBe(false);
    expect(isAcceptable(backup({ suspicious: ['fewer_keys', 'outside_live'] }))).toBe(false);
    expect(isAcceptable(backup({ suspicious: ['fewer_keys'], check_result: 'bad' }))).toBe(false);
  });
  test('says why it is not proved and what makes it suspicious, and nothing when it is well', () => {
    expect(explained(backup({ check_text: 'loaded 5 keys' }))).toEqual([]);
    expect(explained(backup({ proved: 'file', check_result: 'cannot_tell', check_text: 'needs Redis 8' }))).toEqual(['needs Redis 8']);
    expect(explained(backup({ suspicious: ['now_empty', 'a_new_word'] }))[0]).toContain('FLUSHALL');
    expect(explained(backup({ suspicious: ['a_new_word'] }))).toEqual(['a_new_word']);
  });
  test('is pinned until its day, and cannot be removed before, nor when it is one of the minimum', () => {
    const pinned = backup({ pinned_until: iso(NOW + DAY) });
    expect([isPinned(pinned, NOW), isPinned(pinned, NOW + DAY)]).toEqual([true, false]);
    expect(keptBecause(pinned, NOW)).toContain('End the pin first');
    expect(keptBecause(backup({ kept_by: ['daily', 'minimum'] }), NOW)).toContain('backup.minimum');
    expect(keptBecause(backup(), NOW)).toBeNull();
  });
  test('that cannot be read has no times, and a viewer sees no reason', () => {
    const unread = backup({ started_at: null, finished_at: null, source: null });
    expect(takenText(unread)).toBe('');
    expect(parseBackup({ ...unread, checked_at: null, reason: undefined }).reason).toBeUndefined();
  });
});

describe('the backups of a service', () => {
  test('say in words what a loss would cost now', () => {
    expect(lossText(status(), NOW)).toBe('A loss now would cost the changes of the last 7 hours 12 minutes.');
    expect(lossText(status({ last_proved_at: null, count: 2 }), NOW)).toContain('none of the 2 backups is proved');
    expect(lossText(status({ last_proved_at: null, count: 0 }), NOW)).toContain('all of the data: there is no backup');
  });
  test('say how long a restore took in the last drill, and when the next one comes', () => {
    expect(backText(status(), NOW)).toBe('Back in 4.2 s, by the drill 2 days ago.');
    expect(backText(status({ drill: drilling({ passed: null }) }), NOW)).toContain('is not known');
    expect(drillPlanText(status().drill)).toBe('One runs every 7 days.');
    expect(drillPlanText(status({ drill: drilling({ overdue: true }) }).drill)).toContain('overdue');
    expect(drillPlanText(status({ drill: drilling({ every_seconds: null }) }).drill)).toBe('None is scheduled.');
  });
  test('are sorted with the worst first: never, overdue, failed, doubtful, on demand, well', () => {
    const all = [
      status({ service: 'well' }),
      status({ service: 'older', last_at: iso(NOW - 2 * DAY), last_proved_at: iso(NOW - 2 * DAY) }),
      status({ service: 'demand', schedule: null, next_at: null }),
      status({ service: 'doubtful', last_at: iso(NOW) }),
      status({ service: 'failed', failure: ended() }),
      status({ service: 'unused', schedule: null, count: 0, last_proved_at: null }),
      status({ service: 'overdue', overdue: true }),
      status({ service: 'never', last_proved_at: null }),
    ];
    expect(worstFirst(all).map(({ service }) => service)).toEqual(['never', 'unused', 'overdue', 'failed', 'doubtful', 'demand', 'older', 'well']);
    expect(worstFirst(all).map(careOf)).toEqual(['never', 'never', 'overdue', 'failed', 'doubtful', 'unplanned', 'well', 'well']);
    expect(worstFirst(all).map(toneOfBackups)).toEqual(['critical', 'unknown', 'critical', 'degraded', 'degraded', 'unknown', 'healthy', 'healthy']);
    expect(all.filter(isUnused).map(({ service }) => service)).toEqual(['unused']);
  });
  test('name the last failure in one sentence, with its remedy', () => {
    expect(troubleOf(status({ failure: ended(), problem: 'The last backup failed: cannot connect' }))).toEqual({
      text: 'Cannot connect to 10.0.0.5:6379: connection refused.', remedy: 'Check that Redis runs and can be reached, then back up again.',
    });
    // The message of this one has its remedy.
    expect(troubleOf(status({ failure: ended({ cause: 'no_right', message: 'the user default may not copy the data: run on Redis: ACL SETUSER default +psync +replconf' }) }))?.remedy).toBe('');
    expect(troubleOf(status({ problem: 'No backup was proved since 2026-11-27T02:30:00Z' }))?.text).toBe('No backup was proved since 2026-11-27T02:30:00Z.');
    expect(troubleOf(status({ last_at: iso(NOW) }))?.text).toContain('The newest backup is not proved');
    expect(troubleOf(status())).toBeNull();
  });
  test('leave names, paths and figures as they are in a sentence', () => {
    expect(['/var/lib is full', 'redis.username is wrong', '40 keys', 'it is late.', 'no right: run on Redis: ACL LIST', ''].map(sentence)).toEqual(['/var/lib is full.', 'redis.username is wrong.', '40 keys.', 'It is late.', 'No right: run on Redis: ACL LIST', '']);
  });
});

test('copies at other places say what is missing and why', () => {
  const place = (change: object): BackupStatus['copies'][number] =>
    status({ copies: [{ target: 'nas', state: 'failing', waiting: 2, waiting_since: iso(NOW), last_success_at: null, failing_since: iso(NOW), failures: 3, next_at: null, problem: '/mnt/nas is not mounted', note: null, ...change }] }).copies[0]!;
  expect(placeTexts(place({}))).toEqual(['2 backups have no copy there yet.', '/mnt/nas is not mounted.']);
  expect(placeTexts(place({ state: 'up_to_date', waiting: 0, problem: null }))).toEqual([]);
  expect(copiesText(backup({ copies: [{ target: 'nas', state: 'copied', at: iso(NOW) }, { target: 's3', state: 'waiting', at: null }] }))).toBe('nas: there, s3: waiting');
});

describe('a task that runs', () => {
  test('says what it waits for, and how far the copy is', () => {
    expect(progressOf(job({ stage: 'waiting', waits_for: 'an operation on Redis' }), GB)).toEqual({ text: 'Waiting for an operation on Redis to end.', part: null });
    expect(progressOf(job(), GB).part).toBeNull();
    expect(progressOf(job({ bytes: GB / 4 }), GB)).toEqual({ text: 'Copying: 256 MB of about 1 GB.', part: 0.25 });
    expect(progressOf(job({ stage: 'proving', bytes: GB }), GB)).toEqual({ text: 'Proving the copy by loading it.', part: null });
  });
  test('never seems to be done when there is more than before', () => {
    expect(progressOf(job({ bytes: 2 * GB }), GB)).toEqual({ text: 'Copying: 2 GB so far.', part: null });
    expect(progressOf(job({ bytes: 2 * GB }), 0).part).toBeNull();
  });
  test('of a kind that this console does not know shows its own word', () => {
    expect(progressOf(job({ stage: 'weighing' }), GB).text).toBe('weighing');
  });
});

describe('room', () => {
  const daily = (days: number, bytes = GB, change: object = {}): Backup => backup({ started_at: iso(NOW - days * DAY), finished_at: iso(NOW - days * DAY + 4000), bytes, ...change });
  test('is counted in backups of the newest size and in days of the usual pace', () => {
    const room = roomOf([daily(0, 2 * GB), daily(1), daily(2), daily(3)], 48 * GB);
    expect(room).toMatchObject({ more: 24, lastsMs: 24 * DAY, grownPercent: 100, grownOverMs: 3 * DAY });
    expect(roomTexts(room)).toEqual(['There is room for 24 more of the newest one’s size.', 'The disk is full in 24 days at this pace if none is removed.', 'The size has grown by 100 % in 3 days.']);
  });
  test('does not measure by a backup of an empty Redis, nor by one by hand', () => {
    const list = [daily(0, 172, { suspicious: ['now_empty'] }), daily(0.5, GB, { kind: 'manual' }), daily(1), daily(2)];
    expect(roomOf(list, 10 * GB)).toMatchObject({ more: 10, lastsMs: 10 * DAY });
    expect(expectedBytes(list)).toBe(GB);
  });
  test('says nothing where nothing is known', () => {
    expect(roomTexts(roomOf([], 48 * GB))).toEqual([]);
    expect(roomTexts(roomOf([daily(0)], null))).toEqual([]);
    expect(roomOf([daily(0)], 48 * GB)).toMatchObject({ more: 48, lastsMs: null, grownPercent: null });
  });
  test('that lasts longer than any plan is not counted in years', () => {
    expect(roomTexts(roomOf([daily(0, 1000), daily(1, 1000)], 48 * GB)).join(' ')).toContain('more than 1,000');
    expect(roomTexts(roomOf([daily(0, 1000), daily(1, 1000)], 48 * GB)).join(' ')).toContain('not full within 10 years');
  });
});

test('sizes and spans have no more digits than mean something', () => {
  expect([0, 512, 25_600, 167_772_160, 48.5 * GB, 1.2 * 1024 * GB].map(bytesText)).toEqual(['0 B', '512 B', '25 KB', '160 MB', '48.5 GB', '1.2 TB']);
  expect([0, 59_000, 60_000, 3_600_000, 26 * 3_600_000, 3 * DAY, 20.5 * DAY, 100 * DAY, 800 * DAY].map(spanText)).toEqual(['0 seconds', '59 seconds', '1 minute', '1 hour', '1 day 2 hours', '3 days', '20 days', '3 months', '2 years']);
});

describe('among the events', () => {
  const event = (seq: number, body: object): NonNullable<ReturnType<typeof message>> => message({ type: 'service_event', service: 'redis', timestamp: iso(NOW), seq, event: 'backup_create', ...body })!;
  const running = apply({ ...NOTHING, status: { status: 'running', overall_status: 'healthy', last_check: NOW } }, event(1, { result: 'started', user: 'ops@example.org', message: 'A backup has begun.' }), NOW);
  test('a backup is no operation on Redis: it runs on', () => {
    expect(running.status?.operation).toBeUndefined();
    expect(running.status?.status).toBe('running');
  });
  test('a line says what it was and how it ended', () => {
    expect(storyOf(running.events[0]!)?.text).toBe('Backup began');
    const over = event(2, { result: 'success', user: 'system', message: '40 keys, 1287 bytes, proved by loading', duration_seconds: 4.2 });
    expect(over.type === 'resync' ? null : storyOf(over)).toMatchObject({ text: 'Backup: 40 keys, 1287 bytes, proved by loading', tone: 'healthy' });
  });
});
