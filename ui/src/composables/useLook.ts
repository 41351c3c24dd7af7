import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue';

import { messageOf } from '@/api/http';

export interface Look<T> {
  readonly item: Readonly<ShallowRef<T | null>>;
  readonly problem: Readonly<Ref<string | null>>;
  /** When the question under way was asked; null while there is none. */
  readonly since: Readonly<Ref<number | null>>;
  readonly at: Readonly<Ref<number | null>>;
  readonly run: () => Promise<void>;
  readonly clear: () => void;
}

/** Something that is asked for once, because each question is noted in the audit log: never by itself again. */
export function useLook<T>(get: () => Promise<T>): Look<T> {
  const item: ShallowRef<T | null> = shallowRef(null);
  const problem = ref<string | null>(null);
  const since = ref<number | null>(null);
  const at = ref<number | null>(null);
  /** Only the newest question counts. */
  let asked = 0;

  async function run(): Promise<void> {
    const mine = ++asked;
    since.value = Date.now();
    problem.value = null;
    try {
      const answer = await get();
      if (mine !== asked) return;
      item.value = answer;
      at.value = Date.now();
    } catch (error) {
      if (mine === asked) problem.value = messageOf(error);
    } finally {
      if (mine === asked) since.value = null;
    }
  }
  function clear(): void {
    asked++;
    item.value = null;
    problem.value = null;
    since.value = null;
    at.value = null;
  }
  onScopeDispose(() => asked++);
  return { item, problem, since, at, run, clear };
}
