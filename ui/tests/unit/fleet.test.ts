import { describe, expect, test } from 'vitest';

import { BEAT_COUNT, beatPath, beatsOf, minutesOf } from '@/domain/beats';
import { byNeed, countLines, portions, type BulkLine } from '@/domain/bulk';
import { causeText, countOf, EVERYTHING, filterOf, groupsOf, matches, queryOf, steady, tagsOf } from '@/domain/fleet';
import { fixedSpan } from '@/domain/graph';
import { squares, wallPlan, worstOf } from '@/domain/wall';
import { indexesOf, rowsOf } from '@/domain/window';
import type { ServiceItem } from '@/contract/service';
import { words } from '@/i18n';

const item = (id: string, more: Partial<ServiceItem> = {}): ServiceItem => ({ id, name: id.toUpperCase(), status: 'running', overall_status: 'healthy', last_check: null, ...more });
const fleet = [
  item('a', { status: 'failed', overall_status: 'critical', cause: 'port_in_use', address: '10.0.0.1:6379', group: 'Shop', tags: ['eu'] }),
  item('b', { status: 'unknown', overall_status: 'unknown', cause: 'host_unreachable', vm_name: 'Rack 7', tags: ['us', 'eu'] }),
  item('c', { cause: 'ok', group: 'Billing', address: '10.0.0.3:6380' }),
];
const found = (query: Record<string, string>): string => fleet.filter((one) => matches(one, filterOf(query))).map(({ id }) => id).join('');

describe('a filter', () => {
  test('finds text in name, place, cause and labels, each word somewhere', () => {
    expect(found({ q: 'A' })).toBe('ab');
    expect(found({ q: '6380' })).toBe('c');
    expect(found({ q: 'rack' })).toBe('b');
    expect(found({ q: 'port in use' })).toBe('a');
    expect(found({ q: 'port_in_use' })).toBe('a');
    expect(found({ q: 'shop 10.0' })).toBe('a');
    expect(found({ q: 'shop rack' })).toBe('');
  });
  test('takes state, group and tag as they are', () => {
    expect(found({ status: 'offline' })).toBe('a');
    expect(found({ status: 'attention' })).toBe('ab');
    expect(found({ tag: 'eu', status: 'unknown' })).toBe('b');
    expect(found({ group: 'Billing' })).toBe('c');
  });
  test('stands in the address and comes back from it; what is no state is none', () => {
    const filter = filterOf({ q: 'x y', status: 'offline', tag: 'eu' });
    expect(filterOf(queryOf(filter))).toEqual(filter);
    expect(queryOf(EVERYTHING)).toEqual({});
    expect(filterOf({ status: 'sad', q: ['a', 'b'] })).toEqual(EVERYTHING);
  });
  test('offers what there is', () => {
    expect(groupsOf(fleet)).toEqual(['Billing', 'Shop']);
    expect(tagsOf(fleet)).toEqual(['eu', 'us']);
    expect(countOf(fleet, 'attention')).toBe(2);
    expect(fleet.map(causeText)).toEqual(['port in use', 'host unreachable', '']);
  });
});

test('under the pointer nothing moves: what is new stands at the end, what is gone goes', () => {
  expect(steady(['a', 'b', 'c'], ['c', 'd', 'a'])).toEqual(['a', 'c', 'd']);
});

describe('a long list', () => {
  test('has the rows on the screen and a few around them', () => {
    expect(rowsOf(1000, 50, 5000, 500, 2)).toEqual({ first: 98, end: 112 });
    expect(rowsOf(1000, 50, -300, 500, 2)).toEqual({ first: 0, end: 6 });
    expect(rowsOf(3, 50, 90_000, 500)).toEqual({ first: 3, end: 3 });
    expect(rowsOf(0, 50, 0, 500)).toEqual({ first: 0, end: 0 });
  });
  test('keeps the row with the focus, once', () => {
    const rows = { first: 10, end: 12 };
    expect(indexesOf(rows, 2, 100)).toEqual([2, 10, 11]);
    expect(indexesOf(rows, 50, 100)).toEqual([10, 11, 50]);
    expect(indexesOf(rows, 11, 100)).toEqual([10, 11]);
    expect(indexesOf(rows, 200, 100)).toEqual([10, 11]);
  });
});

describe('heartbeats', () => {
  const beats = beatsOf({ up: [null, 120, 60, 120], down: [null, 0, 60, 0], planned: [null, 0, 0, 0] });
  test('show the worst of each step, and always fill the row', () => {
    expect(beats.length).toBe(BEAT_COUNT);
    expect(beats.slice(-4)).toEqual(['unknown', 'up', 'down', 'up']);
    expect(minutesOf(beats)).toEqual({ up: 4, down: 2, planned: 0, unknown: 54 });
  });
  test('are drawn in one path for each kind', () => {
    expect(beatPath(beats, 'down', 120, 20).match(/M/g)).toHaveLength(1);
    expect(beatPath(beats, 'planned', 120, 20)).toBe('');
  });
});

describe('an order for many', () => {
  const line = (id: string, outcome: BulkLine['outcome']): BulkLine => ({ id, name: id, outcome, text: '' });
  const lines = [line('a', 'done'), line('b', 'failed'), line('c', 'left'), line('d', 'done')];
  test('says first what did not work', () => {
    expect(byNeed(lines).map(({ id }) => id)).toEqual(['b', 'c', 'a', 'd']);
    expect(countLines(lines)).toEqual({ all: 4, done: 2, failed: 1, left: 1 });
  });
  test('never sounds as if all of it had worked', () => {
    expect(words.fleet.bulk.partly(58, 60, 2, 0)).toBe('Partly done: 58 of 60 succeeded, 2 failed.');
    expect(words.fleet.bulk.partly(0, 2, 2, 0)).toBe('Nothing was done: 2 failed.');
    expect(words.fleet.bulk.partly(1, 4, 1, 2)).toBe('Partly done: 1 of 4 succeeded, 1 failed, 2 not done, because you stopped it.');
  });
  test('names as many in one request as it may', () => {
    expect(portions([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(portions([], 2)).toEqual([]);
  });
});

describe('a wall display', () => {
  test('shows as many as fit, and says how many more there are', () => {
    expect(wallPlan(fleet, 5)).toMatchObject({ more: 0, tiles: [{ id: 'a' }, { id: 'b' }] });
    expect(wallPlan(fleet, 1)).toMatchObject({ more: 2, tiles: [] });
  });
  test('is never green without an answer', () => {
    expect(worstOf([item('x')], false)).toBe('healthy');
    expect(worstOf([item('x')], true)).toBe('unknown');
    expect(worstOf(fleet, false)).toBe('critical');
    expect(Object.keys(squares([item('x')], true, 10, 10))).toEqual(['unknown']);
  });
});

test('a range in an address has to be one', () => {
  expect(fixedSpan('2026-11-30T10:00:00Z', '2026-11-30T11:00:00Z')).toEqual({ from: Date.parse('2026-11-30T10:00:00Z'), to: Date.parse('2026-11-30T11:00:00Z') });
  expect(fixedSpan('2026-11-30T11:00:00Z', '2026-11-30T10:00:00Z')).toBeNull();
  expect(fixedSpan('yesterday', undefined)).toBeNull();
});
