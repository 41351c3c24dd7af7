/** The figures that are drawn: under which name the daemon keeps their history, and in which unit people read them. */
import type { Metrics, Sample } from '@/contract/metrics';

const MIB = 1024 * 1024;

export interface Drawn {
  /** As the health object names it. */
  readonly key: string;
  /** As the history names it. */
  readonly series: string;
  readonly scale: number;
}

export const DRAWN: readonly Drawn[] = [
  { key: 'memory_mb', series: 'memory_bytes', scale: 1 / MIB },
  { key: 'connections', series: 'connections', scale: 1 },
  { key: 'commands_per_second', series: 'commands_per_second', scale: 1 },
  { key: 'cpu_percent', series: 'cpu_percent', scale: 1 },
  { key: 'response_time_ms', series: 'ping_p50_ms', scale: 1 },
  { key: 'errors_per_hour', series: 'errors_per_second', scale: 3600 },
];

/** The history by the health object's names and units. */
export function byFigure(metrics: Metrics): Record<string, readonly Sample[]> {
  return Object.fromEntries(
    DRAWN.map(({ key, series, scale }) => [
      key,
      (metrics.series[series] ?? []).map(({ at, value }) => ({ at, value: value === null ? null : value * scale })),
    ]),
  );
}
