import { onScopeDispose, shallowRef, watch } from 'vue';

import { getMetrics } from '@/api/metrics';
import { ApiError } from '@/api/http';
import { byFigure } from '@/domain/figures';
import type { Point } from '@/domain/spark';
import { useService } from '@/stores/service';
import { useSession } from '@/stores/session';

const HOUR_MS = 3_600_000;
const AGAIN_MS = 60_000;
/** A curve is some 100 pixels wide: a step of two minutes is a quarter of what is kept. */
const STEP_SECONDS = 120;

/** The last hour of each figure, renewed once a minute. */
export function useTrends(): { points: (key: string) => readonly Point[] } {
  const service = useService();
  const session = useSession();
  const series = shallowRef<Readonly<Record<string, readonly Point[]>>>({});

  async function load(): Promise<void> {
    const asked = service.id;
    if (asked === '' || !session.allows('metrics') || document.hidden) return;
    try {
      const now = Date.now();
      const found = await getMetrics(asked, now - HOUR_MS, now, STEP_SECONDS);
      if (asked === service.id) series.value = byFigure(found);
    } catch (error) {
      // The figures stand without their curves; the metrics page tells why there are none.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  watch(() => service.id, () => {
    series.value = {};
    void load();
  }, { immediate: true });
  const timer = window.setInterval(() => void load(), AGAIN_MS);
  onScopeDispose(() => window.clearInterval(timer));

  return { points: (key) => series.value[key] ?? [] };
}
