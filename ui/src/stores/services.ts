import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';

import { messageOf } from '@/api/http';
import { listServices } from '@/api/services';
import type { ServiceItem, Status } from '@/contract/service';

type Known = Pick<ServiceItem, 'status' | 'overall_status' | 'last_check' | 'stopped_by' | 'stopped_at' | 'stop_reason'>;

/** The list of services, the worst first as the daemon sorts it: for the menu, the lists and the banner. */
export const useServices = defineStore('services', () => {
  const items = shallowRef<readonly ServiceItem[]>([]);
  const loaded = ref(false);
  const problem = ref<string | null>(null);
  const heardAt = ref(0);

  async function load(): Promise<void> {
    try {
      items.value = await listServices();
      heardAt.value = Date.now();
      problem.value = null;
    } catch (error) {
      problem.value = messageOf(error);
    } finally {
      loaded.value = true;
    }
  }

  /** What the live page of one service knows better than the last list. */
  function note(id: string, { status, overall_status, last_check, stopped_by, stopped_at, stop_reason }: Known): void {
    items.value = items.value.map((item) => {
      if (item.id !== id) return item;
      const next = { ...item, status, overall_status, last_check };
      delete next.stopped_by;
      delete next.stopped_at;
      delete next.stop_reason;
      if (stopped_by !== undefined) next.stopped_by = stopped_by;
      if (stopped_at !== undefined) next.stopped_at = stopped_at;
      if (stop_reason !== undefined) next.stop_reason = stop_reason;
      return next;
    });
  }

  /** The same, but not in the middle of an operation: who stopped it is told at the end. */
  function noteEnded(id: string, status: Status): void {
    if (status.operation === undefined) note(id, status);
  }

  const nameOf = (id: string): string => items.value.find((item) => item.id === id)?.name ?? id;

  return { items, loaded, problem, heardAt, load, note, noteEnded, nameOf };
});
