import * as shape from '@/contract/procedures';

import { call } from './http';

const at = (id: string, rest = ''): string => `/api/services/${encodeURIComponent(id)}/procedures${rest}`;

export const listProcedures = (id: string): Promise<shape.Procedures> => call(at(id), shape.procedures);
export const beginUpdate = (id: string, reason: string): Promise<shape.Procedure> => call(at(id), shape.procedure, { method: 'POST', body: { kind: 'update', reason } });
export const beginChange = (id: string, name: string, value: string, reason: string): Promise<shape.Procedure> =>
  call(at(id), shape.procedure, { method: 'POST', body: { kind: 'config', name, value, reason } });
export const orderProcedure = (id: string, n: number, order: shape.Order): Promise<shape.Procedure> => call(at(id, `/${n}`), shape.procedure, { method: 'POST', body: { order } });
export const tickProcedure = (id: string, n: number, item: number, done: boolean, note: string): Promise<shape.Procedure> =>
  call(at(id, `/${n}/checklist`), shape.procedure, { method: 'POST', body: { item, done, note } });
