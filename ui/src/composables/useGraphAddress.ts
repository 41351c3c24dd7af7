import { computed, type ComputedRef, type WritableComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';

import { isoText } from '@/domain/duration';
import { COMPARED, fixedSpan, RANGES, type Range, type Span } from '@/domain/graph';

export interface GraphAddress {
  readonly range: WritableComputedRef<Range>;
  /** From the address; null while the range ends now. */
  readonly fixed: ComputedRef<Span | null>;
  /** Other services in the same graphs. */
  readonly others: WritableComputedRef<readonly string[]>;
  /** The address of this page with exactly this span. */
  readonly linkTo: (span: Span) => string;
  readonly live: () => void;
}

const plain = (at: number): string => isoText(at).replace(/\.\d+Z$/, 'Z');

/** What the graphs show stands in the address: it can be sent to somebody, and is the same there. */
export function useGraphAddress(): GraphAddress {
  const route = useRoute();
  const router = useRouter();
  const change = (query: Record<string, string | undefined>): void => void router.replace({ query: { ...route.query, ...query } });
  const text = (name: string): string => (typeof route.query[name] === 'string' ? route.query[name] : '');
  const fixed = computed(() => fixedSpan(route.query['from'], route.query['to']));
  const range = computed<Range>({
    get: () => RANGES.find((name) => name === text('range')) ?? '1h',
    set: (name) => change({ range: name === '1h' ? undefined : name, from: undefined, to: undefined }),
  });
  const others = computed<readonly string[]>({
    get: () => [...new Set(text('with').split(',').filter((id) => id !== '' && id !== route.params['id']))].slice(0, COMPARED),
    set: (ids) => change({ with: ids.length === 0 ? undefined : ids.join(',') }),
  });
  const linkTo = ({ from, to }: Span): string => {
    const query = { from: plain(from), to: plain(to), ...(others.value.length === 0 ? {} : { with: others.value.join(',') }) };
    return new URL(router.resolve({ path: route.path, query }).href, window.location.href).href;
  };
  return { range, fixed, others, linkTo, live: () => change({ from: undefined, to: undefined }) };
}
