import { computed, onScopeDispose, shallowRef, watch, type Ref, type ShallowRef } from 'vue';

import { ApiError } from '@/api/http';

const ASK_MS = 30_000;
const SOON_MS = 2_000;

export interface Fresh<T> {
  readonly item: Readonly<ShallowRef<T | null>>;
  readonly error: Readonly<ShallowRef<ApiError | null>>;
  readonly problem: Readonly<Ref<string | null>>;
  /** Reads it again; what is shown stays until the answer is there. */
  readonly load: () => Promise<void>;
  /** What an order answered: newer than what was read. */
  readonly set: (value: T) => void;
}

export interface FreshOptions<T> {
  /** Read again whenever this changes: something was heard. */
  readonly heard?: () => unknown;
  /** While this is true of it, no message says when it changes: it is read again soon. */
  readonly moving?: (item: T) => boolean;
}

/** Something of the daemon, loaded and kept fresh: read again when something was heard, and now and then because not everything
 * is heard. Another `key` is another thing. */
export function useFresh<K, T>(key: () => K, get: (key: K) => Promise<T>, { heard, moving }: FreshOptions<T> = {}): Fresh<T> {
  const item: ShallowRef<T | null> = shallowRef(null);
  const error = shallowRef<ApiError | null>(null);
  /** Only the newest question counts. */
  let asked = 0;

  async function load(): Promise<void> {
    const mine = ++asked;
    try {
      const answer = await get(key());
      if (mine !== asked) return;
      item.value = answer;
      error.value = null;
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      if (mine === asked) error.value = thrown;
    }
  }

  watch(key, () => {
    item.value = null;
    error.value = null;
    void load();
  }, { immediate: true });
  if (heard) watch(heard, () => void load());
  const timer = window.setInterval(() => !document.hidden && void load(), ASK_MS);
  const soon = window.setInterval(() => {
    if (!document.hidden && item.value !== null && moving?.(item.value) === true) void load();
  }, SOON_MS);
  onScopeDispose(() => {
    asked++;
    window.clearInterval(timer);
    window.clearInterval(soon);
  });

  return {
    item,
    error,
    problem: computed(() => error.value?.message ?? null),
    load,
    set(value) {
      asked++;
      item.value = value;
    },
  };
}
