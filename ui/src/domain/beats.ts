/** Heartbeats: the last hour of a service in a row of bars. */
import type { States } from '@/contract/metrics';

export const BEATS = ['up', 'down', 'planned', 'unknown'] as const;
export type Beat = (typeof BEATS)[number];

export const BEAT_COUNT = 30;
export const BEAT_STEP_S = 120;

/** The worst that was seen in each step; nothing known is `unknown`. Oldest first, always BEAT_COUNT of them. */
export function beatsOf(states: States): Beat[] {
  const all = states.up.map((up, i): Beat => {
    if ((states.down[i] ?? 0) > 0) return 'down';
    if ((states.planned[i] ?? 0) > 0) return 'planned';
    return (up ?? 0) > 0 ? 'up' : 'unknown';
  });
  const last = all.slice(-BEAT_COUNT);
  return [...Array.from({ length: BEAT_COUNT - last.length }, (): Beat => 'unknown'), ...last];
}

/** How tall a bar is, of 1: states differ in shape, not in colour alone. */
const TALL: Readonly<Record<Beat, number>> = { up: 0.55, down: 1, planned: 0.3, unknown: 0.12 };

/** One SVG path for all the bars of a kind, in a box of `width` by `height`. */
export function beatPath(beats: readonly Beat[], kind: Beat, width: number, height: number): string {
  const step = width / beats.length;
  const tall = Math.max(1.5, height * TALL[kind]);
  const y = (height - tall) / 2;
  return beats.map((beat, i) => (beat === kind ? `M${(i * step).toFixed(1)} ${y.toFixed(1)}h${(step - 1).toFixed(1)}v${tall.toFixed(1)}h${(1 - step).toFixed(1)}z` : '')).join('');
}

/** Minutes of each state, for the text that stands for the picture. */
export function minutesOf(beats: readonly Beat[]): Readonly<Record<Beat, number>> {
  const count = (kind: Beat): number => (beats.filter((beat) => beat === kind).length * BEAT_STEP_S) / 60;
  return { up: count('up'), down: count('down'), planned: count('planned'), unknown: count('unknown') };
}
