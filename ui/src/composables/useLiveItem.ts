import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';

import { ApiError, messageOf } from '@/api/http';
import { useDuty } from '@/stores/duty';

const ASK_MS = 30_000;
const SOON_MS = 2_000;

export interface LiveItem<T> {
  readonly item: Readonly<ShallowRef<T | null>>;
  readonly problem: Readonly<Ref<string | null>>;
  /** What an order answered: newer than what was read. */
  readonly set: (value: T) => void;
}

/** One alert, incident or window, read again when something was heard; those of no service send no message, so also now and then,
 * and soon while something is on its way that sends none (`moving`). */
export function useLiveItem<T>(id: () => number, get: (id: number) => Promise<T>, moving: (item: T) => boolean = () => false): LiveItem<T> {
  const duty = useDuty();
  const item: ShallowRef<T | null> = shallowRef(null);
  const problem = ref<string | null>(null);
  /** Only the newest question counts. */
  let asked = 0;

  async function load(): Promise<void> {
    const mine = ++asked;
    try {
      const answer = await get(id());
      if (mine !== asked) return;
      item.value = answer;
      problem.value = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (mine === asked) problem.value = messageOf(error);
    }
  }

  watch(id, () => {
    item.value = null;
    void load();
  }, { immediate: true });
  watch(() => duty.heard, () => void load());
  const timer = window.setInterval(() => !document.hidden && void load(), ASK_MS);
  const soon = window.setInterval(() => {
    if (!document.hidden && item.value !== null && moving(item.value)) void load();
  }, SOON_MS);
  onScopeDispose(() => {
    asked++;
    window.clearInterval(timer);
    window.clearInterval(soon);
  });

  return {
    item,
    problem,
    set(value) {
      asked++;
      item.value = value;
    },
  };
}
