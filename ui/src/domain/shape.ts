import type { Tone } from './badge';

/** One line of a drawing in a box of 16 by 16, and how it is drawn (classes of styles/first.css). */
export interface Stroke {
  readonly d: string;
  readonly style: string;
}
const circle = (r: number): string => `M8 ${8 - r}a${r} ${r} 0 1 1 0 ${2 * r}a${r} ${r} 0 1 1 0 ${-2 * r}Z`;

/** Every state has a shape of its own, so that colour is never the only difference. */
export const SHAPES: Readonly<Record<Tone, readonly Stroke[]>> = {
  healthy: [{ d: circle(7), style: 'fill' }],
  degraded: [{ d: 'M8 1 15.5 14.5H.5Z', style: 'fill' }],
  critical: [{ d: 'M5 1h6l4 4v6l-4 4H5l-4-4V5Z', style: 'fill' }],
  progress: [{ d: circle(6), style: 'stroke faint' }, { d: 'M8 2a6 6 0 0 1 6 6', style: 'stroke turning' }],
  unknown: [{ d: circle(6), style: 'stroke dashed' }],
};

/** The line of the brand, in a box of 30 by 20. */
export const PULSE = 'M1 11h7l3.4-8.5L17 18l3.6-7H29';
