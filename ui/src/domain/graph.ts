import type { Sample } from '@/contract/metrics';

export const RANGES = ['1h', '6h', '24h', '7d', '30d', '90d'] as const;
export type Range = (typeof RANGES)[number];

const HOUR_MS = 3_600_000;
export const RANGE_MS: Readonly<Record<Range, number>> = {
  '1h': HOUR_MS,
  '6h': 6 * HOUR_MS,
  '24h': 24 * HOUR_MS,
  '7d': 168 * HOUR_MS,
  '30d': 720 * HOUR_MS,
  '90d': 2160 * HOUR_MS,
};

/** Something that happened, drawn on the time line. */
export interface Mark {
  readonly at: number;
  readonly kind: 'recovery' | 'operation';
  readonly text: string;
}

/** The same figure of another service in the same graph. */
export interface Curve {
  readonly id: string;
  readonly name: string;
  readonly samples: readonly Sample[];
}
/** Colour means state, so curves differ in their dashes: the first is the page's own service. */
export const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [12, 3, 2, 3], [1, 5]];
export const COMPARED = DASHES.length - 1;

export interface Span {
  readonly from: number;
  readonly to: number;
}
/** The moments that an address names, or null: then the range ends now. */
export function fixedSpan(from: unknown, to: unknown): Span | null {
  const span = { from: typeof from === 'string' ? Date.parse(from) : Number.NaN, to: typeof to === 'string' ? Date.parse(to) : Number.NaN };
  return span.from < span.to ? span : null;
}

export interface Summary {
  readonly last: number;
  readonly low: number;
  readonly high: number;
}

export function summaryOf(samples: readonly Sample[]): Summary | null {
  const values = samples.flatMap((sample) => (sample.value === null ? [] : [sample.value]));
  const last = values[values.length - 1];
  return last === undefined ? null : { last, low: Math.min(...values), high: Math.max(...values) };
}

/** Top of the scale: a limit is shown when the curve comes near it, else it would press the curve into the floor. */
export function topOf(high: number, limits: readonly (number | undefined)[]): number {
  const near = limits.filter((limit): limit is number => limit !== undefined && high > limit / 3);
  return Math.max(high, ...near) * 1.1 || 1;
}

/** At most `most` rows for people who read the graph as a table. */
export function thinned(samples: readonly Sample[], most: number): Sample[] {
  const known = samples.filter((sample) => sample.value !== null);
  const every = Math.max(1, Math.ceil(known.length / most));
  return known.filter((_, index) => index % every === 0);
}
