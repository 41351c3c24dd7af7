import { computed, ref, type ComputedRef, type Ref } from 'vue';

import { useDuty } from '@/stores/duty';

import { useFresh } from './useFresh';

export interface OpenOrAll<T> {
  readonly filter: Ref<'open' | 'all'>;
  readonly shown: ComputedRef<readonly T[]>;
  readonly known: ComputedRef<boolean>;
  readonly problem: ComputedRef<string | null>;
}

/** Alerts or incidents: the store keeps the open ones, live; the past is asked for when the reader wants to see it. */
export function useOpenOrAll<T>(open: () => readonly T[], askAll: () => Promise<readonly T[]>): OpenOrAll<T> {
  const duty = useDuty();
  const filter = ref<'open' | 'all'>('open');
  const nothing: readonly T[] = [];
  const all = useFresh(() => filter.value, async (which) => (which === 'all' ? await askAll() : nothing), { heard: () => duty.heard });
  const live = computed(() => filter.value === 'open');
  void duty.load();
  return {
    filter,
    shown: computed(() => (live.value ? open() : (all.item.value ?? nothing))),
    known: computed(() => (live.value ? duty.loaded : all.item.value !== null)),
    problem: computed(() => duty.problem ?? all.problem.value),
  };
}
