import { planWindow } from '@/api/maintenance';
import { pauseRecovery, refreshService, resumeRecovery } from '@/api/services';
import type { BulkStep } from '@/composables/useBulk';
import type { Impact } from '@/contract/maintenance';
import { portions } from '@/domain/bulk';
import { isoText, minuteText } from '@/domain/duration';
import type { Permission } from '@/domain/permission';
import { words } from '@/i18n';

/** What can be ordered for many services at once, and the operation whose least role it needs. */
export const ORDERS = { refresh: 'refresh', pause: 'pause', resume: 'resume', maintenance: 'maintenance_plan' } as const satisfies Record<string, Permission>;
export type Order = keyof typeof ORDERS;

export interface OrderForm {
  readonly seconds: number;
  readonly reason: string;
  readonly title: string;
  readonly impact: Impact;
}
/** As many services as one window may name. */
export const WINDOW_SERVICES = 64;
const say = words.fleet.bulk;

const WORK: Readonly<Record<Exclude<Order, 'maintenance'>, (id: string, form: OrderForm) => Promise<string>>> = {
  async refresh(id) {
    const { health, status } = await refreshService(id);
    return say.checked(words.overall[health?.overall_status ?? status?.overall_status ?? 'unknown']);
  },
  async pause(id, form) {
    const found = await pauseRecovery(id, form.seconds, form.reason.trim());
    return found.paused_until === undefined ? words.service.recovery.states.paused : say.pausedUntil(minuteText(found.paused_until));
  },
  async resume(id) {
    const found = await resumeRecovery(id);
    return found.state === 'disabled' || found.state === 'failed' ? say.notResumed(words.service.recovery.states[found.state]) : say.resumed;
  },
};

/** A window that starts now opens by itself. */
async function begin(ids: readonly string[], form: OrderForm): Promise<string> {
  const window = await planWindow({ title: form.title.trim(), services: ids, starts_at: isoText(Date.now()), duration_minutes: form.seconds / 60, impact: form.impact });
  return say.window(window.id, minuteText(window.ends_at));
}

export function stepsOf(order: Order, ids: readonly string[], form: OrderForm): BulkStep[] {
  if (order === 'maintenance') return portions(ids, WINDOW_SERVICES).map((some) => ({ ids: some, run: () => begin(some, form) }));
  return ids.map((id) => ({ ids: [id], run: () => WORK[order](id, form) }));
}
