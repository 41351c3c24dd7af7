/** Faster than this nobody reads; a burst of messages costs one drawing of the page, not one each. */
const PAUSE_MS = 100;
/** More than these at once are not left waiting (a page in the background, whose timers stand still). */
const MOST = 500;

export interface Inbox<T> {
  put(message: T): void;
  clear(): void;
}

/** Hands messages on in portions: the first at once, those that follow it closely together. */
export function createInbox<T>(take: (messages: readonly T[]) => void): Inbox<T> {
  let waiting: T[] = [];
  let timer: number | undefined;
  let last = Number.NEGATIVE_INFINITY;

  function hand(): void {
    window.clearTimeout(timer);
    timer = undefined;
    last = performance.now();
    const portion = waiting;
    waiting = [];
    take(portion);
  }

  return {
    put(message) {
      waiting.push(message);
      if (waiting.length >= MOST) hand();
      else timer ??= window.setTimeout(hand, Math.max(0, last + PAUSE_MS - performance.now()));
    },
    clear() {
      window.clearTimeout(timer);
      timer = undefined;
      waiting = [];
    },
  };
}
