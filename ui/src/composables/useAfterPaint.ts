import { onScopeDispose, ref, watch, type Ref } from 'vue';

import { afterPaint } from '@/stores/paint';

/** True from the moment when that which became `ready` stands on the screen: what is below it may come just after. */
export function useAfterPaint(ready: () => boolean): Readonly<Ref<boolean>> {
  const painted = ref(false);
  const stop = watch(
    ready,
    (is) => {
      if (is) afterPaint(() => (painted.value = true));
    },
    { immediate: true, flush: 'post' },
  );
  onScopeDispose(stop);
  return painted;
}
