/** Which rows of a long list stand in the document: those on the screen and a few around them. */
export interface Rows {
  readonly first: number;
  /** After the last. */
  readonly end: number;
}

/** `above`: pixels of the list that are scrolled away; `seen`: pixels of the screen. */
export function rowsOf(count: number, height: number, above: number, seen: number, more = 6): Rows {
  const first = Math.max(0, Math.floor(above / height) - more);
  const end = Math.min(count, Math.ceil((above + seen) / height) + more);
  return { first: Math.min(first, count), end: Math.max(end, Math.min(first, count)) };
}

/** The row with the focus stays, however far the reader scrolls: otherwise the focus would be lost. */
export function indexesOf(rows: Rows, kept: number | null, count: number): number[] {
  const shown = Array.from({ length: rows.end - rows.first }, (_, i) => rows.first + i);
  if (kept === null || kept < 0 || kept >= count || (kept >= rows.first && kept < rows.end)) return shown;
  return kept < rows.first ? [kept, ...shown] : [...shown, kept];
}
