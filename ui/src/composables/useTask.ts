import { ref, type Ref } from 'vue';

import { messageOf } from '@/api/http';

export interface Task<A extends unknown[]> {
  readonly running: Readonly<Ref<boolean>>;
  readonly problem: Ref<string | null>;
  run(...args: A): Promise<boolean>;
}

/** Something that a person set off: one at a time, and its failure is told beside it. */
export function useTask<A extends unknown[]>(work: (...args: A) => Promise<void>): Task<A> {
  const running = ref(false);
  const problem = ref<string | null>(null);
  async function run(...args: A): Promise<boolean> {
    if (running.value) return false;
    running.value = true;
    problem.value = null;
    try {
      await work(...args);
      return true;
    } catch (error) {
      problem.value = messageOf(error);
      return false;
    } finally {
      running.value = false;
    }
  }
  return { running, problem, run };
}
