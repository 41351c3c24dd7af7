import * as shape from '@/contract/restores';

import { call } from './http';

const at = (id: string, rest: string): string => `/api/services/${encodeURIComponent(id)}${rest}`;
const one = (id: string, b: string, rest: string): string => at(id, `/backups/${encodeURIComponent(b)}${rest}`);

export type RestoreChoice = shape.RestoreChoice;

export const planRestore = (id: string, b: string, choice: RestoreChoice): Promise<shape.RestorePlan> =>
  call(one(id, b, '/plan'), shape.restorePlan, { method: 'POST', body: { ...choice } });
export const beginRestore = (id: string, b: string, choice: RestoreChoice, confirmation: string, reason: string): Promise<shape.Restore> =>
  call(one(id, b, '/restore'), shape.restore, { method: 'POST', body: { ...choice, confirmation, ...(reason === '' ? {} : { reason }) } });
export const listRestores = (id: string): Promise<shape.RestoreList> => call(at(id, '/restores'), shape.restoreList);
export const orderRestore = (id: string, n: number, order: 'resume' | 'undo' | 'cancel'): Promise<shape.Restore> =>
  call(at(id, `/restores/${n}/${order}`), shape.restore, { method: 'POST' });
