import { describe, expect, test } from 'vitest';

import { message, type Message } from '@/contract/message';
import { ageMs, apply, EVENTS_KEPT, isStale, NOTHING, snapshot, withHistory, type Live } from '@/domain/live';
import { status as parseStatus } from '@/contract/service';

import health from '../fixtures/health.json';
import statusJson from '../fixtures/status.json';

const AT = '2026-11-22T19:19:40Z';
const NOW = Date.parse(AT);
const parsed = (value: unknown): Message => message(value)!;
const statusMessage = (seq: number, change: object = {}): Message =>
  parsed({ type: 'service_status', service: 'redis', timestamp: AT, seq, status: 'running', overall_status: 'healthy', last_check: AT, stale_after_seconds: 60, details: { pid: 9, connections: 2, memory_mb: 1, uptime_seconds: 5 }, ...change });
const event = (seq: number, change: object = {}): Message =>
  parsed({ type: 'service_event', service: 'redis', timestamp: AT, seq, event: 'restart', user: 'ops', result: 'started', message: 'why', duration_seconds: null, ...change });
const known = (): Live => snapshot(NOTHING, parseStatus(statusJson), null);

describe('the state of the page', () => {
  test('takes what a status message says and keeps what it does not say', () => {
    const live = apply(known(), statusMessage(5), NOW);
    expect(live.status).toMatchObject({ pid: 9, connections: 2, vm_info: { name: 'this machine' } });
    expect(live.seq).toBe(5);
  });
  test('does not change by a message that it has seen', () => {
    const live = apply(known(), statusMessage(5), NOW);
    expect(apply(live, statusMessage(5, { status: 'stopped' }), NOW)).toBe(live);
    expect(apply(live, statusMessage(4, { status: 'stopped' }), NOW)).toBe(live);
  });
  test('forgets figures that a stopped service has not', () => {
    const stopped = statusMessage(6, { status: 'stopped', overall_status: 'critical', details: { pid: null, connections: null, memory_mb: null, uptime_seconds: null } });
    const { status } = apply(known(), stopped, NOW);
    expect(status?.pid).toBeUndefined();
    expect(status?.connections).toBeUndefined();
  });
  test('does not know the figures of a process that has not told them yet', () => {
    const before = { ...known(), status: { ...known().status!, pid: 9, commands_processed: 77 } };
    const same = apply(before, statusMessage(5), NOW);
    expect(same.status?.commands_processed).toBe(77);
    const next = apply(before, statusMessage(6, { details: { pid: 10, connections: null, memory_mb: null, uptime_seconds: null } }), NOW);
    expect(next.status).toMatchObject({ pid: 10 });
    expect(next.status?.connections).toBeUndefined();
    expect(next.status?.uptime_seconds).toBeUndefined();
    expect(next.status?.commands_processed).toBeUndefined();
  });
  test("shows somebody's operation from its start to its end", () => {
    const began = apply(known(), event(6), NOW);
    expect(began.status).toMatchObject({ status: 'starting', operation: { operation: 'restart', user: 'ops' } });
    const ended = apply(began, event(7, { result: 'success' }), NOW);
    expect(ended.status?.operation).toBeUndefined();
    expect(ended.status?.status).toBe('running');
    expect(apply(began, event(7, { result: 'failure' }), NOW).status?.status).toBe('starting');
  });
  test('knows who stopped it', () => {
    expect(apply(known(), event(6, { event: 'stop', result: 'success' }), NOW).status).toMatchObject({ stopped_by: 'ops', stopped_at: NOW });
  });
  test('takes a health message whole', () => {
    const live = apply(known(), parsed({ ...health, type: 'service_health', timestamp: AT, seq: 9 }), NOW);
    expect(live.health?.health_checks.connectivity.status).toBe('pass');
    expect(live.events).toHaveLength(0);
  });
  test('begins to count again after a resync', () => {
    const live = apply(apply(known(), statusMessage(50), NOW), parsed({ type: 'resync' }), NOW);
    expect(live.seq).toBe(0);
    expect(apply(live, statusMessage(3), NOW).seq).toBe(3);
  });
  test('keeps no more events than it says, the newest first', () => {
    let live = known();
    for (let seq = 1; seq <= EVENTS_KEPT + 50; seq++) live = apply(live, event(seq), NOW);
    expect(live.events).toHaveLength(EVENTS_KEPT);
    expect(live.events[0]?.seq).toBe(EVENTS_KEPT + 50);
  });
  test('tells a status only when it says something new', () => {
    let live = apply(known(), statusMessage(1), NOW);
    for (let seq = 2; seq < 2880; seq++) live = apply(live, statusMessage(seq), NOW);
    expect(live.events).toHaveLength(0);
    live = apply(live, statusMessage(3000, { overall_status: 'degraded' }), NOW);
    expect(live.events).toHaveLength(1);
  });
  test('puts stored events below those that came meanwhile, each once', () => {
    const live = apply(known(), event(10), NOW);
    const stored = [event(10), event(9), statusMessage(8, { overall_status: 'critical' }), statusMessage(7, { overall_status: 'critical' }), event(3)] as never[];
    expect(withHistory(live, stored).events.map((item) => item.seq)).toEqual([10, 9, 7, 3]);
  });
});

describe('age', () => {
  test('is counted by the daemon’s clock, whatever ours says', () => {
    const wrong = NOW - 3_600_000;
    const live = apply(known(), statusMessage(5), wrong);
    expect(ageMs(live, wrong + 2_000)).toBe(2_000);
  });
  test('makes the state stale beyond two intervals, and not before', () => {
    const live = apply(known(), statusMessage(5), NOW);
    expect(isStale(live, NOW + 60_000)).toBe(false);
    expect(isStale(live, NOW + 60_001)).toBe(true);
    expect(isStale(apply(known(), statusMessage(5, { stale_after_seconds: 4 }), NOW), NOW + 5_000)).toBe(true);
  });
  test('is unknown, and nothing stale, before the first check', () => {
    expect(ageMs(NOTHING, NOW)).toBeNull();
    expect(isStale(NOTHING, NOW)).toBe(false);
  });
});

describe('messages of the daemon', () => {
  test('of kinds that are not known yet are passed over', () => {
    expect(message({ type: 'tea_ready', seq: 1 })).toBeNull();
  });
  test('that are no message are refused', () => {
    expect(() => message('hello')).toThrow();
    expect(() => message({ type: 'service_status', seq: 'one' })).toThrow();
  });
});
