/** Questions whose answers may come back in another order than they were asked in. */
export interface Turns {
  next(): number;
  /** May this one's answer be used? Not when that to a later question was used already. */
  take(turn: number): boolean;
  /** A question that was refused because there were too many is asked once more, after a while. */
  again(ask: () => void): void;
  clear(): void;
}

const AGAIN_MS = 5000;

export function createTurns(): Turns {
  let asked = 0;
  let taken = 0;
  let timer: number | undefined;
  return {
    next: () => (asked += 1),
    take(turn) {
      if (turn < taken) return false;
      taken = turn;
      return true;
    },
    again(ask) {
      timer ??= window.setTimeout(() => {
        timer = undefined;
        ask();
      }, AGAIN_MS);
    },
    clear() {
      window.clearTimeout(timer);
      timer = undefined;
    },
  };
}
