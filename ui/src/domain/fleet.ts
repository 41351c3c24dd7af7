/** Many services: which of them a reader wants to see, and what is said about all of them in one line. */
import type { ServiceItem } from '@/contract/service';

export const STATES = ['offline', 'critical', 'unknown', 'degraded', 'healthy', 'attention'] as const;
export type FleetState = (typeof STATES)[number];

export interface FleetFilter {
  readonly q: string;
  /** '' = every state. */
  readonly status: FleetState | '';
  readonly group: string;
  readonly tag: string;
}
export const EVERYTHING: FleetFilter = { q: '', status: '', group: '', tag: '' };

export const isOfflineItem = (item: ServiceItem): boolean => item.status === 'stopped' || item.status === 'failed';

/** Planned: somebody stopped it, and said so. */
export const isStoppedOnPurpose = (item: ServiceItem): boolean => isOfflineItem(item) && item.stopped_at !== undefined;

/** "host unreachable"; empty while there is nothing to say. */
export const causeText = (item: ServiceItem): string => (item.cause === undefined || item.cause === 'ok' || item.cause === 'none' ? '' : item.cause.replaceAll('_', ' '));

function isIn(item: ServiceItem, state: FleetState): boolean {
  if (state === 'offline') return isOfflineItem(item);
  return state === 'attention' ? item.overall_status !== 'healthy' : item.overall_status === state;
}

/** Every word has to be found somewhere: name, id, address, machine, cause, group or tag. */
function mentions(item: ServiceItem, q: string): boolean {
  const text = [item.name, item.id, item.address, item.vm_name, item.cause, causeText(item), item.group, ...(item.tags ?? [])].join('\n').toLowerCase();
  return q.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

export function matches(item: ServiceItem, filter: FleetFilter): boolean {
  return (
    (filter.status === '' || isIn(item, filter.status)) &&
    (filter.group === '' || item.group === filter.group) &&
    (filter.tag === '' || item.tags?.includes(filter.tag) === true) &&
    mentions(item, filter.q)
  );
}

type Query = Readonly<Record<string, unknown>>;
const one = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A page's address keeps the filter, so that it can be sent to somebody else. */
export function filterOf(query: Query): FleetFilter {
  const status = one(query['status']);
  return { q: one(query['q']), status: STATES.find((state) => state === status) ?? '', group: one(query['group']), tag: one(query['tag']) };
}
export function queryOf(filter: FleetFilter): Record<string, string> {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== '').map(([key, value]) => [key, String(value)]));
}

export function countOf(items: readonly ServiceItem[], state: FleetState): number {
  return items.reduce((sum, item) => sum + (isIn(item, state) ? 1 : 0), 0);
}

const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort((a, b) => a.localeCompare(b));
export const groupsOf = (items: readonly ServiceItem[]): string[] => sorted(items.flatMap((item) => (item.group === undefined ? [] : [item.group])));
export const tagsOf = (items: readonly ServiceItem[]): string[] => sorted(items.flatMap((item) => item.tags ?? []));

/**
 * The order in which rows are shown while the reader points at one of them: nothing moves then. What is new stands at the end,
 * what is gone goes.
 */
export function steady(before: readonly string[], now: readonly string[]): string[] {
  const there = new Set(now);
  const kept = before.filter((id) => there.has(id));
  const known = new Set(kept);
  return [...kept, ...now.filter((id) => !known.has(id))];
}
