import { onScopeDispose, ref, type Ref } from 'vue';

const TICK_MS = 1000;

const now = ref(Date.now());
let users = 0;
let timer: number | undefined;

/** One clock for the whole page; it stands still while nobody looks. */
export function useNow(): Readonly<Ref<number>> {
  if (users++ === 0) {
    now.value = Date.now();
    timer = window.setInterval(() => {
      if (!document.hidden) now.value = Date.now();
    }, TICK_MS);
  }
  onScopeDispose(() => {
    if (--users === 0) window.clearInterval(timer);
  });
  return now;
}
