import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { ApiError } from '@/api/http';
import { listAlerts, listIncidents } from '@/api/incidents';
import { listWindows } from '@/api/maintenance';
import type { Alert, Incident } from '@/contract/incidents';
import { message } from '@/contract/message';
import { useDuty } from '@/stores/duty';
import { useSession } from '@/stores/session';

vi.mock('@/api/incidents', () => ({ listAlerts: vi.fn(), listIncidents: vi.fn() }));
vi.mock('@/api/maintenance', () => ({ listWindows: vi.fn() }));

const AT = '2026-11-22T02:10:00Z';
const head = { service: 'redis', timestamp: AT, seq: 7, message: 'x' };
const alert = (id: number): object => ({
  id, service: 'redis', host: null, class: 'availability', detail: null, dedup_key: null, state: 'firing', severity: 'P1', cause: null, summary: 'x', sent: true, channels: [], began_at: AT,
  ended_at: null, acknowledged_by: null, acknowledged_at: null,
});
const firing = (id: number): NonNullable<ReturnType<typeof message>> => message({ ...head, type: 'alert', alert: alert(id) })!;
const ids = (items: readonly (Alert | Incident)[]): number[] => items.map(({ id }) => id);
const as = (role: 'viewer' | 'anonymous'): void => {
  useSession().user = role === 'anonymous' ? null : { email: 'a@example.org', role };
};

beforeEach(() => {
  setActivePinia(createPinia());
  vi.mocked(listAlerts).mockReset().mockResolvedValue([]);
  vi.mocked(listIncidents).mockReset().mockResolvedValue([]);
  vi.mocked(listWindows).mockReset().mockResolvedValue([]);
});

describe('what is open', () => {
  test('is not asked for by readers who may not know it, and forgotten at a logout', async () => {
    await useDuty().load();
    expect(listAlerts).not.toHaveBeenCalled();
    as('viewer');
    useDuty().hear(firing(3));
    as('anonymous');
    await useDuty().load();
    expect(useDuty().alerts).toEqual([]);
  });
  test('follows the messages, and each is counted', () => {
    as('viewer');
    const duty = useDuty();
    duty.hear(firing(3));
    duty.hear(firing(4));
    expect(ids(duty.alerts)).toEqual([4, 3]);
    expect(duty.heard).toBe(2);
    expect(listAlerts).not.toHaveBeenCalled();
  });
  test('is read again after a reconnection', async () => {
    as('viewer');
    const duty = useDuty();
    duty.hear(firing(3));
    await duty.resync();
    expect(duty.alerts).toEqual([]);
    expect(duty.heard).toBe(2);
  });
  test('is asked for again when a message came while the answer was on its way', async () => {
    as('viewer');
    const duty = useDuty();
    let answer: (alerts: Alert[]) => void = () => undefined;
    vi.mocked(listAlerts).mockReturnValueOnce(new Promise((done) => (answer = done)));
    vi.mocked(listAlerts).mockResolvedValueOnce([alert(5) as Alert]);
    const loading = duty.load();
    duty.hear(firing(5));
    answer([]);
    await loading;
    expect(listAlerts).toHaveBeenCalledTimes(2);
    expect(ids(duty.alerts)).toEqual([5]);
  });
  test('has the windows of a notice about maintenance, and of no other', () => {
    as('viewer');
    const duty = useDuty();
    duty.hear(message({ ...head, type: 'notice', kind: 'announcement' })!);
    expect(listWindows).not.toHaveBeenCalled();
    duty.hear(message({ ...head, type: 'notice', kind: 'maintenance' })!);
    expect(listWindows).toHaveBeenCalledOnce();
  });
  test('stays as it was when it cannot be read, and the reason is shown', async () => {
    as('viewer');
    const duty = useDuty();
    duty.hear(firing(3));
    vi.mocked(listAlerts).mockRejectedValueOnce(new ApiError(0, 'network', 'x', 'Resus cannot be reached.'));
    await duty.load();
    expect(ids(duty.alerts)).toEqual([3]);
    expect(duty.problem).toBe('Resus cannot be reached.');
  });
});
