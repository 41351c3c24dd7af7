import { computed, watch, type ComputedRef } from 'vue';

import { listRestores } from '@/api/restores';
import type { Restore, RestoreList } from '@/contract/restores';
import { RESTORE_TONES } from '@/domain/restore';
import { words } from '@/i18n';
import { useNotices } from '@/stores/notices';
import { useSession } from '@/stores/session';

import { useFresh } from './useFresh';
import { useOrders, type Orders } from './useOrders';

export interface Restores {
  /** The newest; null: none, or this reader may not see them. */
  readonly newest: ComputedRef<Restore | null>;
  readonly running: ComputedRef<boolean>;
  readonly orders: Orders<Restore>;
}

const NONE: RestoreList = { items: [], next_cursor: null };

/** The restores of one service, for those who may order them. */
export function useRestores(id: () => string, name: () => string): Restores {
  const session = useSession();
  const notices = useNotices();
  const list = useFresh(id, (of) => (session.allows('restores') ? listRestores(of) : Promise.resolve(NONE)), {
    moving: ({ items }) => items[0]?.state === 'running',
  });
  const newest = computed(() => list.item.value?.items[0] ?? null);
  watch(newest, (now, before) => {
    if (now === null || before?.number !== now.number || before.state !== 'running' || now.state === 'running') return;
    notices.tell(RESTORE_TONES[now.state], `${words.restores.title}: ${name()}: ${words.restores.states[now.state].toLowerCase()}`, now.message ?? '');
  });
  const taken = (one: Restore): void =>
    list.set({ items: [one, ...(list.item.value?.items ?? []).filter(({ number }) => number !== one.number)], next_cursor: null });
  return { newest, running: computed(() => newest.value?.state === 'running'), orders: useOrders<Restore>(() => words.restores.choose(name()), taken) };
}
