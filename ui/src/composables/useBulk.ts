import { computed, ref, shallowRef } from 'vue';

import { ApiError, messageOf } from '@/api/http';
import { isObject } from '@/contract/parse';
import { countLines, type BulkLine, type Outcome } from '@/domain/bulk';

/** One request: for one service, or for several at once. */
export interface BulkStep {
  readonly ids: readonly string[];
  /** Text of the success. */
  readonly run: () => Promise<string>;
}

const AT_ONCE = 4;
const SECOND_MS = 1000;
const PATIENCE_S = 60;

function waitOf(error: unknown): number | null {
  if (!(error instanceof ApiError) || error.status !== 429) return null;
  const seconds = isObject(error.body) ? error.body['retry_after_seconds'] : null;
  return typeof seconds === 'number' ? Math.max(1, seconds) : PATIENCE_S;
}

/** An order for many services: a few requests at a time, each with a result. What is refused for its frequency waits, and goes on. */
export function useBulk(services: readonly { readonly id: string; readonly name: string }[]) {
  const lines = shallowRef<readonly BulkLine[]>(services.map(({ id, name }) => ({ id, name, outcome: 'waiting', text: '' })));
  const state = ref<'ready' | 'running' | 'over'>('ready');
  /** Seconds until it goes on; 0 while it does. */
  const waits = ref(0);
  const count = computed(() => countLines(lines.value));
  let stopped = false;

  function note(ids: readonly string[], outcome: Outcome, text: string): void {
    const these = new Set(ids);
    lines.value = lines.value.map((line) => (these.has(line.id) ? { ...line, outcome, text } : line));
  }
  const pause = (): Promise<void> => new Promise((done) => window.setTimeout(done, SECOND_MS));
  let until = 0;
  async function patience(): Promise<void> {
    while (!stopped && Date.now() < until) {
      waits.value = Math.ceil((until - Date.now()) / SECOND_MS);
      await pause();
    }
    waits.value = 0;
  }

  async function take(step: BulkStep): Promise<void> {
    for (;;) {
      await patience();
      if (stopped) {
        note(step.ids, 'left', '');
        return;
      }
      note(step.ids, 'running', '');
      try {
        note(step.ids, 'done', await step.run());
        return;
      } catch (error) {
        const seconds = waitOf(error);
        if (seconds === null) {
          note(step.ids, 'failed', messageOf(error));
          return;
        }
        note(step.ids, 'waiting', '');
        until = Math.max(until, Date.now() + seconds * SECOND_MS);
      }
    }
  }

  async function run(steps: readonly BulkStep[]): Promise<void> {
    state.value = 'running';
    const left = [...steps];
    const worker = async (): Promise<void> => {
      for (let step = left.shift(); step !== undefined; step = left.shift()) await take(step);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    state.value = 'over';
  }
  /** What has begun is finished; the rest is left. */
  const stop = (): void => {
    stopped = true;
  };
  return { lines, state, waits, count, run, stop };
}
