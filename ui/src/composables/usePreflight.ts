import { computed, onMounted, ref, type ComputedRef, type Ref } from 'vue';

import { getPreflight } from '@/api/services';
import type { Preflight } from '@/contract/service';
import { useService } from '@/stores/service';
import { useSession } from '@/stores/session';

import { useTask } from './useTask';

export interface Asking {
  readonly preflight: Ref<Preflight | null>;
  readonly problem: Ref<string | null>;
  readonly force: Ref<boolean>;
  readonly reason: Ref<string>;
  /** Resus would refuse it now; an administrator may force it. */
  readonly blocked: ComputedRef<boolean>;
  readonly mayForce: ComputedRef<boolean>;
  options(): { force?: boolean; reason?: string };
}

/** What both dangerous dialogs share: the cost, the reason, and force for those who may. */
export function usePreflight(operation: 'restart' | 'stop'): Asking {
  const service = useService();
  const session = useSession();
  const preflight = ref<Preflight | null>(null);
  const force = ref(false);
  const reason = ref('');
  const task = useTask(async () => {
    preflight.value = await getPreflight(service.id, operation);
  });
  onMounted(() => void task.run());
  const blocked = computed(() => preflight.value !== null && !preflight.value.allowed);
  const mayForce = computed(() => blocked.value && session.role === 'admin');

  return {
    preflight,
    problem: task.problem,
    force,
    reason,
    blocked,
    mayForce,
    options: () => ({
      ...(force.value && blocked.value ? { force: true } : {}),
      ...(reason.value.trim() === '' ? {} : { reason: reason.value.trim() }),
    }),
  };
}
