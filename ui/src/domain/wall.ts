/** What stands on a display that is read from across the room. */
import type { ServiceItem } from '@/contract/service';

import { badgeOfItem, type Tone } from './badge';

export interface WallPlan {
  /** What needs somebody, as large tiles; as many as fit. */
  readonly tiles: readonly ServiceItem[];
  /** So many need somebody and have no room. */
  readonly more: number;
}

/** `room`: how many tiles fit. The last place says how many more there are. */
export function wallPlan(items: readonly ServiceItem[], room: number): WallPlan {
  const need = items.filter((item) => item.overall_status !== 'healthy');
  if (need.length <= room) return { tiles: need, more: 0 };
  const tiles = need.slice(0, Math.max(0, room - 1));
  return { tiles, more: need.length - tiles.length };
}

/** The worst of all; nothing known is unknown. */
export function worstOf(items: readonly ServiceItem[], stale: boolean): Tone {
  if (stale || items.length === 0) return 'unknown';
  return (['critical', 'unknown', 'degraded'] as const).find((level) => items.some((item) => item.overall_status === level)) ?? 'healthy';
}

export const TONES: readonly Tone[] = ['critical', 'unknown', 'degraded', 'progress', 'healthy'];

/** As large as all of them can be in a space, at least `least`, at most `most`. */
export function squareSize(count: number, width: number, height: number, least: number, most: number): number {
  return count === 0 ? least : Math.max(least, Math.min(most, Math.floor(Math.sqrt((width * height) / count) * 0.9)));
}

/** All services as squares, one SVG path for each tone: a thousand of them are five elements. What is healthy is a smaller one. */
export function squares(items: readonly ServiceItem[], stale: boolean, columns: number, size: number): Readonly<Record<string, string>> {
  const paths: Record<string, string> = {};
  items.forEach((item, i) => {
    const { tone } = badgeOfItem(item, stale);
    const inset = tone === 'healthy' ? size / 4 : 1;
    const x = (i % columns) * size + inset;
    const y = Math.floor(i / columns) * size + inset;
    const side = size - 2 * inset;
    paths[tone] = `${paths[tone] ?? ''}M${x} ${y}h${side}v${side}h${-side}z`;
  });
  return paths;
}
