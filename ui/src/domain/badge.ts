import type { Overall, Status, UnitStatus } from '@/contract/service';
import { words } from '@/i18n';

export type Tone = 'healthy' | 'degraded' | 'critical' | 'unknown' | 'progress';

export interface Badge {
  readonly tone: Tone;
  readonly word: string;
}

const moving: readonly UnitStatus[] = ['starting', 'stopping'];

/** Colour, shape and word of a service: the guide's four, and blue for what is under way. Stale is never green. */
export function badgeOf(status: UnitStatus, overall: Overall, stale: boolean, onPurpose = false): Badge {
  if (stale) return { tone: 'unknown', word: words.service.sentence.staleWord };
  if (moving.includes(status)) return { tone: 'progress', word: words.unit[status] };
  if (status === 'stopped' || status === 'failed') return { tone: onPurpose ? 'degraded' : 'critical', word: words.unit[status] };
  if (overall === 'healthy') return { tone: 'healthy', word: words.unit[status === 'unknown' ? 'running' : status] };
  return { tone: overall, word: words.overall[overall] };
}

/** A stop that a person ordered is no alarm. */
export const badgeOfItem = (item: Pick<Status, 'status' | 'overall_status' | 'stopped_at'>, stale: boolean): Badge =>
  badgeOf(item.status, item.overall_status, stale, item.stopped_at !== undefined);

export const badgeOfStatus = (status: Status, stale: boolean): Badge => {
  const operation = status.operation?.operation;
  if (!stale && operation !== undefined && operation !== 'reload')
    return { tone: 'progress', word: words.unit[operation === 'stop' ? 'stopping' : 'starting'] };
  return badgeOfItem(status, stale);
};

export const toneOfCheck = { pass: 'healthy', warning: 'degraded', fail: 'critical', unknown: 'unknown' } as const;

export const isOffline = (status: Status): boolean =>
  status.operation === undefined && (status.status === 'stopped' || status.status === 'failed');
