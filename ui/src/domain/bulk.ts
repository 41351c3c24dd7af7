/** One order for many services, and its result for each of them. */
export const OUTCOMES = ['failed', 'left', 'running', 'waiting', 'done'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface BulkLine {
  readonly id: string;
  readonly name: string;
  readonly outcome: Outcome;
  readonly text: string;
}
export interface BulkCount {
  readonly all: number;
  readonly done: number;
  readonly failed: number;
  readonly left: number;
}

export function countLines(lines: readonly BulkLine[]): BulkCount {
  const of = (outcome: Outcome): number => lines.filter((line) => line.outcome === outcome).length;
  return { all: lines.length, done: of('done'), failed: of('failed'), left: of('left') };
}

/** What needs the reader first: failures, then what was left out, then the rest in its order. */
export function byNeed(lines: readonly BulkLine[]): BulkLine[] {
  return [...lines].sort((a, b) => OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome));
}

/** Portions of at most `most`: what one request may name. */
export function portions<T>(all: readonly T[], most: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / most) }, (_, i) => all.slice(i * most, (i + 1) * most));
}
