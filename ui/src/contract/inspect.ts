/** A look into Redis: the entries of each kind, as the daemon's `inspect` gives them. */
import { boolean, list, nullable, number, object, optional, text, time, type Checked } from './parse';

export const slowlog = object({ items: list(object({ id: number, timestamp: time, duration_ms: number, command: text, client: text })) });
export const clients = object({
  items: list(object({
    id: number,
    address: text,
    name: text,
    user: text,
    age_seconds: nullable(number),
    idle_seconds: nullable(number),
    db: nullable(number),
    command: text,
    memory_bytes: nullable(number),
  })),
  total: optional(number),
  complete: optional(boolean),
});
export const commandstats = object({
  items: list(object({ command: text, calls: number, usec: number, usec_per_call: number, rejected: nullable(number), failed: nullable(number) })),
});
export const bigkeys = object({
  items: list(object({ key: text, memory_bytes: number })),
  keys_measured: optional(number),
  keys_passed_over: optional(number),
  complete: optional(boolean),
});

export type SlowCommand = Checked<typeof slowlog>['items'][number];
export type Clients = Checked<typeof clients>;
export type Client = Clients['items'][number];
export type CommandStat = Checked<typeof commandstats>['items'][number];
export type BigKeys = Checked<typeof bigkeys>;
export type BigKey = BigKeys['items'][number];
