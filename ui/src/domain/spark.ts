export interface Point {
  readonly at: number;
  /** null: nothing was measured; the line has a gap there. */
  readonly value: number | null;
}

export interface SparkLine {
  readonly line: string;
  readonly area: string;
  /** Height of the limit's line, when it lies within the drawing. */
  readonly limitY: number | null;
  readonly last: { readonly x: number; readonly y: number } | null;
}

/** A curve that is narrower than this share of its drawing looks like dirt on it. */
const LEAST_SHARE = 1 / 20;

const round = (n: number): number => Math.round(n * 10) / 10;

/** An SVG path of `points` in a box; the scale starts at zero so that small wiggles stay small. */
export function sparkLine(points: readonly Point[], width: number, height: number, limit?: number): SparkLine {
  const known = points.filter((p): p is Point & { value: number } => p.value !== null);
  const values = known.map((p) => p.value);
  const first = points[0];
  const end = points[points.length - 1];
  const wide = (known[known.length - 1]?.at ?? 0) - (known[0]?.at ?? 0);
  if (first === undefined || end === undefined || known.length === 0 || wide < (end.at - first.at) * LEAST_SHARE)
    return { line: '', area: '', limitY: null, last: null };
  const top = Math.max(...values);
  // The limit is drawn when the curve comes near it; otherwise it would flatten the curve into the floor.
  const shown = limit !== undefined && top > limit / 3 ? Math.max(top, limit) : top;
  const scale = shown <= 0 ? 0 : (height - 2) / (shown * 1.08);
  const span = Math.max(1, end.at - first.at);
  const x = (at: number): number => round(((at - first.at) / span) * width);
  const y = (value: number): number => round(height - 1 - value * scale);
  let line = '';
  let area = '';
  let open: number | null = null;
  let last: SparkLine['last'] = null;
  const shut = (): void => {
    if (open !== null && last !== null) area += `L${last.x} ${height}L${open} ${height}Z`;
    open = null;
  };
  for (const point of points) {
    if (point.value === null) {
      shut();
      continue;
    }
    const here = { x: x(point.at), y: y(point.value) };
    const step = `${open === null ? 'M' : 'L'}${here.x} ${here.y}`;
    open ??= here.x;
    line += step;
    area += step;
    last = here;
  }
  shut();
  return { line, area, limitY: limit !== undefined && shown >= limit ? y(limit) : null, last };
}
