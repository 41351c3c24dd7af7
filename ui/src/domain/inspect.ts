/** What a look into Redis shows: a table of each kind, and the order of its rows. */
import type { BigKey, Client, CommandStat, SlowCommand } from '@/contract/inspect';
import { words } from '@/i18n';

import { exactText, lengthText, tookText } from './duration';
import { bytesText, wholeText } from './figure';

export const LOOKS = ['slowlog', 'clients', 'commandstats', 'bigkeys'] as const;
export type Look = (typeof LOOKS)[number];
export const lookOf = (word: unknown): Look => LOOKS.find((look) => look === word) ?? 'slowlog';

/** A member that is not known is not shown, and stands last in every order. */
export type Cell = string | number | null;
export interface Column<T> {
  readonly key: string;
  readonly label: string;
  readonly value: (row: T) => Cell;
  readonly text: (row: T) => string;
  readonly figure?: boolean;
  readonly code?: boolean;
}
export interface Order {
  readonly key: string;
  readonly down: boolean;
}
export interface Sheet<T> {
  readonly columns: readonly Column<T>[];
  readonly id: (row: T) => string;
  /** What a reader looks for first. */
  readonly first: Order;
}

const say = words.inspect.columns;
const NOTHING = '–';
const known = (value: number | null, text: (value: number) => string): string => (value === null ? NOTHING : text(value));
const micros = (usec: number): string => (usec < 1000 ? `${Number(usec.toFixed(1))} µs` : tookText(usec / 1_000_000));

function texts<T>(key: keyof typeof say, value: (row: T) => string, code = false): Column<T> {
  return { key, label: say[key], value, text: (row) => value(row), code };
}
function figures<T>(key: keyof typeof say, value: (row: T) => number | null, text: (value: number) => string): Column<T> {
  return { key, label: say[key], value, text: (row) => known(value(row), text), figure: true };
}

export const SLOWLOG: Sheet<SlowCommand> = {
  columns: [
    texts('command', (row) => row.command, true),
    figures('took', (row) => row.duration_ms, (ms) => micros(ms * 1000)),
    { key: 'when', label: say.when, value: (row) => row.timestamp, text: (row) => exactText(row.timestamp) },
    texts('client', (row) => row.client, true),
  ],
  id: (row) => String(row.id),
  first: { key: 'when', down: true },
};
export const CLIENTS: Sheet<Client> = {
  columns: [
    texts('address', (row) => row.address, true),
    texts('name', (row) => row.name),
    texts('user', (row) => row.user),
    texts('last', (row) => row.command, true),
    figures('idle', (row) => row.idle_seconds, lengthText),
    figures('age', (row) => row.age_seconds, lengthText),
    figures('memory', (row) => row.memory_bytes, bytesText),
    figures('db', (row) => row.db, String),
  ],
  id: (row) => String(row.id),
  first: { key: 'memory', down: true },
};
export const COMMANDSTATS: Sheet<CommandStat> = {
  columns: [
    texts('command', (row) => row.command, true),
    figures('calls', (row) => row.calls, wholeText),
    figures('total', (row) => row.usec, micros),
    figures('each', (row) => row.usec_per_call, micros),
    figures('rejected', (row) => row.rejected, wholeText),
    figures('failed', (row) => row.failed, wholeText),
  ],
  id: (row) => row.command,
  first: { key: 'total', down: true },
};
export const BIGKEYS: Sheet<BigKey> = {
  columns: [texts('key', (row) => row.key, true), figures('memory', (row) => row.memory_bytes, bytesText)],
  id: (row) => row.key,
  first: { key: 'memory', down: true },
};

function compare(a: Cell, b: Cell): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
}

/** Equal rows stay in the order in which Redis gave them. */
export function ordered<T>(rows: readonly T[], columns: readonly Column<T>[], order: Order): T[] {
  const column = columns.find(({ key }) => key === order.key);
  if (column === undefined) return [...rows];
  return [...rows].sort((a, b) => {
    const x = column.value(a);
    const y = column.value(b);
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return order.down ? compare(y, x) : compare(x, y);
  });
}

/** "largest first", "A first": what a choice without heads says. */
export function orderText<T>(columns: readonly Column<T>[], order: Order): string {
  const column = columns.find(({ key }) => key === order.key);
  const kind = order.key === 'when' ? 'times' : column?.figure === true ? 'figures' : 'texts';
  return words.inspect.orders[kind][order.down ? 'down' : 'up'];
}

/** The same column turns around; of another one figures begin with the largest, texts with A. */
export function nextOrder<T>(before: Order, column: Column<T>): Order {
  return before.key === column.key ? { key: column.key, down: !before.down } : { key: column.key, down: column.figure === true || column.key === 'when' };
}
