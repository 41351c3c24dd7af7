import { describe, expect, test } from 'vitest';

import { bigkeys, clients, commandstats, slowlog } from '@/contract/inspect';
import { BIGKEYS, CLIENTS, COMMANDSTATS, lookOf, nextOrder, ordered, orderText, SLOWLOG, type Sheet } from '@/domain/inspect';

const client = (id: number, change: object = {}): object => ({ id, address: `127.0.0.1:${id}`, name: '', user: 'default', age_seconds: 3700, idle_seconds: 0, db: 0, command: 'get', memory_bytes: 2048, ...change });
const row = <T>(sheet: Sheet<T>, one: T): string => sheet.columns.map(({ text }) => text(one)).join(' | ');

describe('a look into Redis', () => {
  test('shows what took long, with its unit', () => {
    const [one] = slowlog({ items: [{ id: 3, timestamp: '2026-11-30T15:00:00Z', duration_ms: 12.345, command: 'KEYS *', client: '127.0.0.1:5' }] }).items;
    expect(row(SLOWLOG, one!)).toMatch(/^KEYS \* \| 12 ms \| .*2026.* \| 127\.0\.0\.1:5$/);
  });
  test('shows a client, and a dash for what an old server does not know', () => {
    const [one] = clients({ items: [client(7, { memory_bytes: null })], total: 1, complete: true }).items;
    expect(row(CLIENTS, one!)).toBe('127.0.0.1:7 |  | default | get | 0s | 1h 1m | – | 0');
  });
  test('shows the time of a command in all and of each call', () => {
    const [one] = commandstats({ items: [{ command: 'get', calls: 1200, usec: 2_400_000, usec_per_call: 12.25, rejected: 0, failed: null }] }).items;
    expect(row(COMMANDSTATS, one!)).toBe('get | 1,200 | 2.4 s | 12.3 µs | 0 | –');
  });
  test('shows a big key with its size', () => {
    const [one] = bigkeys({ items: [{ key: 'basket:1', memory_bytes: 5_242_880 }], keys_measured: 1, keys_passed_over: 0, complete: true }).items;
    expect(row(BIGKEYS, one!)).toBe('basket:1 | 5 MB');
  });
  test('is one of four; any other word is the first', () => {
    expect([lookOf('bigkeys'), lookOf('nothing'), lookOf(undefined)]).toEqual(['bigkeys', 'slowlog', 'slowlog']);
  });
});

describe('the order of rows', () => {
  const { items } = clients({ items: [client(10, { memory_bytes: 5 }), client(9, { memory_bytes: null }), client(8, { memory_bytes: 40 })] });
  const ids = (key: string, down: boolean): number[] => ordered(items, CLIENTS.columns, { key, down }).map(({ id }) => id);

  test('is by figures, the unknown last in both directions', () => {
    expect(ids('memory', true)).toEqual([8, 10, 9]);
    expect(ids('memory', false)).toEqual([10, 8, 9]);
  });
  test('takes numbers within a text for numbers', () => {
    expect(ids('address', false)).toEqual([8, 9, 10]);
  });
  test('stays as Redis gave it where rows are equal, and of a column that is not there', () => {
    expect(ids('user', true)).toEqual([10, 9, 8]);
    expect(ids('nothing', true)).toEqual([10, 9, 8]);
  });
  test('is told in words', () => {
    expect([orderText(CLIENTS.columns, CLIENTS.first), orderText(CLIENTS.columns, { key: 'name', down: false }), orderText(SLOWLOG.columns, SLOWLOG.first)]).toEqual(['largest first', 'A first', 'newest first']);
  });
  test('turns around at the second press; another figure begins with the largest, another text with A', () => {
    const column = (key: string) => CLIENTS.columns.find((one) => one.key === key)!;
    expect(nextOrder(CLIENTS.first, column('memory'))).toEqual({ key: 'memory', down: false });
    expect(nextOrder(CLIENTS.first, column('idle'))).toEqual({ key: 'idle', down: true });
    expect(nextOrder(CLIENTS.first, column('name'))).toEqual({ key: 'name', down: false });
  });
});
