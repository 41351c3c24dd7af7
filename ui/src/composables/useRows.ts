import { computed, onMounted, onUnmounted, ref, type ComputedRef, type Ref } from 'vue';

import { indexesOf, rowsOf } from '@/domain/window';

export interface RowsOptions {
  /** The list itself. */
  readonly list: Readonly<Ref<HTMLElement | null>>;
  readonly count: () => number;
  readonly height: () => number;
  /** Scrolls in a box of its own (the list's parent), not with the page. */
  readonly boxed: boolean;
  /** The row with the focus, or null. */
  readonly kept: () => number | null;
}
export interface LongRows {
  readonly indexes: ComputedRef<readonly number[]>;
  /** Scrolls as little as needed to have this row on the screen. */
  readonly show: (index: number) => void;
}

/** The rows of a long list that are in the document, as the reader scrolls. */
export function useRows({ list, count, height, boxed, kept }: RowsOptions): LongRows {
  const above = ref(0);
  const seen = ref(window.innerHeight);
  let frame = 0;
  let watcher: ResizeObserver | null = null;
  let scroller: HTMLElement | Window = window;

  function measure(): void {
    frame = 0;
    if (list.value === null) return;
    if (boxed && scroller instanceof HTMLElement) {
      above.value = scroller.scrollTop;
      seen.value = scroller.clientHeight;
    } else {
      above.value = -list.value.getBoundingClientRect().top;
      seen.value = window.innerHeight;
    }
  }
  const soon = (): void => {
    if (frame === 0) frame = requestAnimationFrame(measure);
  };

  function show(index: number): void {
    const top = index * height();
    if (boxed) {
      if (!(scroller instanceof HTMLElement)) return;
      if (top < scroller.scrollTop) scroller.scrollTop = top;
      else if (top + height() > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + height() - scroller.clientHeight;
    } else if (list.value !== null) {
      const y = list.value.getBoundingClientRect().top + top;
      if (y < height()) window.scrollBy(0, y - height());
      else if (y + 2 * height() > window.innerHeight) window.scrollBy(0, y + 2 * height() - window.innerHeight);
    }
    measure();
  }

  onMounted(() => {
    if (boxed && list.value?.parentElement != null) scroller = list.value.parentElement;
    scroller.addEventListener('scroll', soon, { passive: true });
    window.addEventListener('resize', soon);
    // What stands above the list grows and shrinks, too.
    watcher = new ResizeObserver(soon);
    watcher.observe(document.body);
    measure();
  });
  onUnmounted(() => {
    scroller.removeEventListener('scroll', soon);
    window.removeEventListener('resize', soon);
    watcher?.disconnect();
    cancelAnimationFrame(frame);
  });

  const indexes = computed(() => {
    const n = count();
    return indexesOf(rowsOf(n, height(), above.value, seen.value), kept(), n);
  });
  return { indexes, show };
}
