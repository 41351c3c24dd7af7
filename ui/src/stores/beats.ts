import { defineStore } from 'pinia';
import { shallowReactive } from 'vue';

import { ApiError } from '@/api/http';
import { getStates } from '@/api/metrics';
import { BEAT_COUNT, BEAT_STEP_S, beatsOf, type Beat } from '@/domain/beats';
import { may } from '@/domain/permission';
import { useSession } from '@/stores/session';

const FRESH_MS = 60_000;
const AT_ONCE = 3;
/** So many services are remembered: more than any screen shows. */
const KEPT = 500;

interface Known {
  readonly beats: readonly Beat[];
  readonly at: number;
}

/** The last hour of the services that are on the screen: asked for a few at a time, and kept for a minute. */
export const useBeats = defineStore('beats', () => {
  const session = useSession();
  const known = shallowReactive(new Map<string, Known>());
  const wanted = new Set<string>();
  let running = 0;

  async function ask(id: string): Promise<void> {
    const now = Date.now();
    try {
      // Whole steps: then a bar does not change its content by moving.
      const end = Math.ceil(now / (BEAT_STEP_S * 1000)) * BEAT_STEP_S * 1000;
      const states = await getStates(id, end - BEAT_COUNT * BEAT_STEP_S * 1000, now, BEAT_STEP_S);
      known.delete(id);
      known.set(id, { beats: beatsOf(states), at: now });
      for (const oldest of known.keys()) {
        if (known.size <= KEPT) break;
        known.delete(oldest);
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // The list is complete without it; the next look asks again.
    }
  }

  async function work(): Promise<void> {
    running++;
    try {
      for (const id of wanted) {
        wanted.delete(id);
        await ask(id);
      }
    } finally {
      running--;
    }
  }

  function want(id: string): void {
    if (!may(session.role, 'metrics')) return;
    const found = known.get(id);
    if (found !== undefined && Date.now() - found.at < FRESH_MS) return;
    wanted.add(id);
    if (running < AT_ONCE) void work();
  }
  /** The row has left the screen before it was asked for. */
  const drop = (id: string): void => void wanted.delete(id);
  const beatsFor = (id: string): readonly Beat[] | null => known.get(id)?.beats ?? null;

  return { want, drop, beatsFor };
});
