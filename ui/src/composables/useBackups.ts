import { computed, ref, watch, type ComputedRef } from 'vue';

import { getBackupStatus, listBackups } from '@/api/backups';
import type { BackupList, BackupStatus, BackupTask } from '@/contract/backups';
import { toneOfResult } from '@/domain/backup';
import { isBackupEvent } from '@/domain/live';
import { words } from '@/i18n';
import { useNotices } from '@/stores/notices';
import { useService } from '@/stores/service';

import { useFresh, type Fresh } from './useFresh';
import { useOrders, type Orders } from './useOrders';

const PAGE = 50;

/** Changes when something happened to the backups of the service that is followed. */
export function useBackupsHeard(): ComputedRef<number> {
  const service = useService();
  return computed(() => service.live.events.find(isBackupEvent)?.seq ?? 0);
}

export interface Backups {
  readonly status: Fresh<BackupStatus>;
  readonly list: Fresh<BackupList>;
  readonly more: () => Promise<void>;
  /** What is done at once. */
  readonly orders: Orders<unknown>;
  /** What takes long: its end is told when it comes. */
  readonly tasks: Orders<BackupTask>;
}

/** The backups of one service: how they are, the newest of them, and what a person orders. */
export function useBackups(id: () => string, name: () => string): Backups {
  const notices = useNotices();
  const heard = useBackupsHeard();
  const shown = ref(PAGE);
  const mine = ref<number | null>(null);
  const status = useFresh(id, getBackupStatus, { heard: () => heard.value, moving: ({ job }) => job !== null });
  const list = useFresh(id, (of) => listBackups(of, shown.value));
  const title = (): string => words.backups.of(name());

  /** Reports the end of a task of this reader. */
  function report({ job, last }: BackupStatus): void {
    if (mine.value === null || job?.number === mine.value) return;
    const result = last?.number === mine.value ? last : null;
    if (result !== null) notices.tell(toneOfResult[result.result], `${title()}: ${words.backups.results[result.result].toLowerCase()}`, result.message);
    else if ((last?.number ?? 0) < mine.value) notices.tell('degraded', title(), words.backups.lost);
    mine.value = null;
  }

  const state = computed(() => {
    const now = status.item.value;
    return now === null ? '' : `${now.last?.number ?? 0}/${now.count}/${now.bytes}`;
  });
  watch(state, (_now, before) => {
    if (before !== '') void list.load();
  });
  watch(status.item, (now) => {
    if (now !== null) report(now);
  });
  watch(id, () => {
    mine.value = null;
    shown.value = PAGE;
  });

  const again = (): void => void Promise.all([status.load(), list.load()]);
  const orders = useOrders<unknown>(title, again);
  const tasks = useOrders<BackupTask>(title, (task) => {
    mine.value = task.number;
    status.set(task.status);
  });
  return {
    status,
    list,
    async more() {
      shown.value += PAGE;
      await list.load();
    },
    orders,
    tasks,
  };
}
