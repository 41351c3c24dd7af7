import type { Overall, Status, UnitStatus } from '@/contract/service';
import { words } from '@/i18n';

export type Tone = 'healthy' | 'degraded' | 'critical' | 'unknown' | 'progress';

export interface Badge {
  readonly tone: Tone;
  readonly word: string;
}

const moving: readonly UnitStatus[] = ['starting', 'stopping'];

/** Colour, shape and word of a service: the guide's four, and blue for what is under way. Stale is never green. */
export function badgeOf(status: UnitStatus, overall: Overall, stale: boolean): Badge {
  if (stale) return { tone: 'unknown', word: words.service.sentence.staleWord };
  if (moving.includes(status)) return { tone: 'progress', word: words.unit[status] };
  if (status === 'stopped' || status === 'failed') return { tone: 'critical', word: words.unit[status] };
  if (overall === 'healthy') return { tone: 'healthy', word: words.unit[status === 'unknown' ? 'running' : status] };
  return { tone: overall, word: words.overall[overall] };
}

export const badgeOfStatus = (status: Status, stale: boolean): Badge => {
  const operation = status.operation?.operation;
  if (!stale && operation !== undefined && operation !== 'reload')
    return { tone: 'progress', word: words.unit[operation === 'stop' ? 'stopping' : 'starting'] };
  return badgeOf(status.status, status.overall_status, stale);
};

export const toneOfCheck = { pass: 'healthy', warning: 'degraded', fail: 'critical', unknown: 'unknown' } as const;

export const isOffline = (status: Status): boolean =>
  status.operation === undefined && (status.status === 'stopped' || status.status === 'failed');
