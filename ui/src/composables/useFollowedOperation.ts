import { onScopeDispose, watch } from 'vue';

import { useService } from '@/stores/service';

const ASK_MS = 2000;

/** While an operation or a load runs, nobody sends its percentage and phase: ask until it is over. (Status and health may be
 * asked 60 times a minute.) */
export function useFollowedOperation(): void {
  const service = useService();
  let timer: number | undefined;

  const stop = watch(
    () => service.live.status?.operation !== undefined || service.live.health?.cause?.code === 'loading',
    (running) => {
      window.clearInterval(timer);
      if (running) timer = window.setInterval(() => void service.load(), ASK_MS);
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    stop();
    window.clearInterval(timer);
  });
}
