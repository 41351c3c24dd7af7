import type { RecoveryItem } from '@/contract/service';

const DAY_MS = 86_400_000;
/** The result of what systemd healed by itself: no recovery of Resus. */
const BY_SYSTEMD = 'by_systemd';

export interface RecoveryFigures {
  readonly lastDay: number;
  readonly successRate: number | null;
  readonly meanSeconds: number | null;
  readonly commonLevel: string | null;
  /** Restarts by systemd itself, in 24 h. */
  readonly bySystemd: number;
}

/** Recoveries in 24 h, success rate, mean time, most common level (of all that are kept). */
export function recoveryFigures(all: readonly RecoveryItem[], now: number): RecoveryFigures {
  const items = all.filter((item) => item.result !== BY_SYSTEMD);
  const timed = items.flatMap((item) => (item.duration_seconds === null ? [] : [item.duration_seconds]));
  const won = items.filter((item) => item.result === 'success' || item.result === 'by_itself').length;
  const counts = new Map<string, number>();
  for (const { recovery_level: level } of items) if (level !== null) counts.set(level, (counts.get(level) ?? 0) + 1);
  const common = [...counts].sort((a, b) => b[1] - a[1])[0];
  return {
    lastDay: items.filter((item) => item.started_at > now - DAY_MS).length,
    successRate: items.length === 0 ? null : won / items.length,
    meanSeconds: timed.length === 0 ? null : timed.reduce((sum, s) => sum + s, 0) / timed.length,
    commonLevel: common === undefined ? null : common[0],
    bySystemd: all.filter((item) => item.result === BY_SYSTEMD && item.started_at > now - DAY_MS).length,
  };
}

const CLOCKS_MS = 2000;

/** The recovery that a message of the time line speaks of: the last one that had begun by then. */
export function recoveryAt(items: readonly RecoveryItem[], at: number): RecoveryItem | null {
  const before = items.filter((item) => item.started_at <= at + CLOCKS_MS && item.result !== BY_SYSTEMD);
  return before.sort((a, b) => b.started_at - a.started_at)[0] ?? null;
}
