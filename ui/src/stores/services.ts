import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';

import { messageOf } from '@/api/http';
import { listServices } from '@/api/services';
import type { ServiceItem } from '@/contract/service';

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
  function note(id: string, change: Pick<ServiceItem, 'status' | 'overall_status' | 'last_check'>): void {
    items.value = items.value.map((item) => (item.id === id ? { ...item, ...change } : item));
  }

  const nameOf = (id: string): string => items.value.find((item) => item.id === id)?.name ?? id;

  return { items, loaded, problem, heardAt, load, note, nameOf };
});
