import * as shape from '@/contract/maintenance';

import { call } from './http';

const at = (id: number, rest = ''): string => `/api/maintenance/${id}${rest}`;
/** More than the daemon plans of any window: one list is all that will come. */
const MANY = 200;

export const listWindows = async (): Promise<shape.MaintenanceWindow[]> => (await call('/api/maintenance', shape.windowList, { query: { limit: MANY } })).items;
export const getWindow = (id: number): Promise<shape.MaintenanceWindow> => call(at(id), shape.maintenanceWindow);

export interface WindowPlan {
  readonly title: string;
  readonly services: readonly string[];
  readonly starts_at: string;
  readonly duration_minutes: number;
  readonly impact: shape.Impact;
  readonly checklist?: Partial<Record<shape.Stage, readonly string[]>>;
}
export const planWindow = (plan: WindowPlan): Promise<shape.MaintenanceWindow> =>
  call('/api/maintenance', shape.maintenanceWindow, { method: 'POST', body: { ...plan } });
/** Only what is given changes. */
export type WindowChange = Partial<Pick<WindowPlan, 'title' | 'services' | 'starts_at' | 'duration_minutes' | 'impact'>>;
export const changeWindow = (id: number, change: WindowChange): Promise<shape.MaintenanceWindow> =>
  call(at(id), shape.maintenanceWindow, { method: 'PATCH', body: { ...change } });
export const cancelWindow = (id: number): Promise<shape.MaintenanceWindow> => call(at(id), shape.maintenanceWindow, { method: 'DELETE' });
export const beginWindow = (id: number): Promise<shape.MaintenanceWindow> => call(at(id, '/begin'), shape.maintenanceWindow, { method: 'POST' });
export const endWindow = (id: number): Promise<shape.MaintenanceWindow> => call(at(id, '/end'), shape.maintenanceWindow, { method: 'POST' });
export const extendWindow = (id: number, minutes: number): Promise<shape.MaintenanceWindow> =>
  call(at(id, '/extend'), shape.maintenanceWindow, { method: 'POST', body: { minutes } });
export const tickItem = (id: number, item: number, done: boolean, note: string): Promise<shape.MaintenanceWindow> =>
  call(at(id, '/checklist'), shape.maintenanceWindow, { method: 'POST', body: note === '' ? { item, done } : { item, done, note } });
