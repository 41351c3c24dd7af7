const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** The wait before attempt `attempt` (0, 1, ...): doubles up to half a minute, and is spread so that a thousand browsers do not come back at once. */
export function backoffMs(attempt: number, random: () => number): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(whole / 2 + (whole / 2) * random());
}
