import type { Ref } from 'vue';

import { useNotices } from '@/stores/notices';

import { useTask } from './useTask';

export interface Orders<T> {
  readonly busy: Readonly<Ref<boolean>>;
  readonly problem: Readonly<Ref<string | null>>;
  /** True when it was carried out. */
  readonly give: (what: () => Promise<T>, done: string) => Promise<boolean>;
  /** The refusal was read. */
  readonly clear: () => void;
}

/** What a person does to one thing: one order at a time, its answer is how the thing is now, and a card says that it was done. */
export function useOrders<T>(title: () => string, taken: (answer: T) => void): Orders<T> {
  const notices = useNotices();
  const task = useTask(async (what: () => Promise<T>, done: string) => {
    taken(await what());
    notices.tell('healthy', title(), done);
  });
  return { busy: task.running, problem: task.problem, give: (what, done) => task.run(what, done), clear: () => (task.problem.value = null) };
}
