import { eventList, type Numbered } from '@/contract/message';
import { isObject } from '@/contract/parse';
import * as shape from '@/contract/service';
import type { Checked } from '@/contract/parse';

import { ApiError, bodyOfError, call, OPERATION_TIMEOUT_MS } from './http';

const at = (id: string, rest: string): string => `/api/services/${encodeURIComponent(id)}${rest}`;

export const listServices = async (): Promise<shape.ServiceItem[]> => (await call('/api/services', shape.serviceList)).items;

/** 503 says that nothing can be known now; its body still holds `status: unknown` and when something was known last. */
export async function getStatus(id: string): Promise<shape.Status> {
  try {
    return await call(at(id, '/status'), shape.status);
  } catch (error) {
    const body = bodyOfError(error);
    if (!(error instanceof ApiError) || error.status !== 503 || !isObject(body) || body['status'] !== 'unknown') throw error;
    return shape.status({ overall_status: 'unknown', last_check: null, ...body });
  }
}

export const getHealth = (id: string): Promise<shape.Health> => call(at(id, '/health'), shape.health);
/** How a service is: what its page is about. */
export type Known = [shape.Status, shape.Health | null];

function healthOrNull(error: unknown): null {
  if (error instanceof ApiError && error.status !== 0) return null;
  throw error;
}
export const getKnown = (id: string): Promise<Known> => Promise.all([getStatus(id), getHealth(id).catch(healthOrNull)]);
export const refreshService = (id: string): Promise<Checked<typeof shape.refreshed>> =>
  call(at(id, '/refresh'), shape.refreshed, { method: 'POST' });

export interface OperateOptions {
  readonly force?: boolean;
  readonly reason?: string;
  readonly confirmation?: boolean;
}
export const operate = (id: string, operation: 'start' | 'restart' | 'stop', options: OperateOptions): Promise<shape.Operated> =>
  call(at(id, `/${operation}`), shape.operated, { method: 'POST', body: { ...options }, timeoutMs: OPERATION_TIMEOUT_MS });

export const getPreflight = (id: string, operation: 'restart' | 'stop'): Promise<shape.Preflight> =>
  call(at(id, '/preflight'), shape.preflight, { query: { operation } });

export const getEvents = (id: string, limit: number): Promise<Numbered[]> =>
  call(at(id, '/events'), eventList, { query: { limit } });

export const getAllEvents = (limit: number): Promise<Numbered[]> => call('/api/events', eventList, { query: { limit } });

export const getRecoveries = async (id: string, limit: number): Promise<shape.RecoveryItem[]> =>
  (await call(at(id, '/recoveries'), shape.recoveryList, { query: { limit } })).items;

export const getExplanation = (id: string): Promise<Checked<typeof shape.explained>> => call(at(id, '/explain'), shape.explained);

export const getLogs = (id: string, lines: number, level: string): Promise<Checked<typeof shape.logs>> =>
  call(at(id, '/logs'), shape.logs, { query: { lines, level } });

export interface RecoverySettings {
  readonly enabled?: boolean;
  readonly max_attempts?: number;
  readonly retry_delay_seconds?: number;
  readonly backoff_multiplier?: number;
  readonly failure_threshold?: number;
  readonly external_stop_grace_seconds?: number;
}
export const getRecovery = (id: string): Promise<shape.AutoRecovery> => call(at(id, '/auto-recovery'), shape.autoRecovery);
export const setRecovery = (id: string, body: RecoverySettings): Promise<shape.AutoRecovery> =>
  call(at(id, '/auto-recovery'), shape.autoRecovery, { method: 'PATCH', body: { ...body } });
export const resetBreaker = (id: string): Promise<shape.AutoRecovery> =>
  call(at(id, '/reset-circuit-breaker'), shape.autoRecovery, { method: 'POST' });
export const pauseRecovery = (id: string, seconds: number, reason: string): Promise<shape.AutoRecovery> =>
  call(at(id, '/pause'), shape.autoRecovery, { method: 'POST', body: { for_seconds: seconds, reason } });
export const resumeRecovery = (id: string): Promise<shape.AutoRecovery> =>
  call(at(id, '/resume'), shape.autoRecovery, { method: 'POST' });

export const statusSocketPath = (id: string, since: number): string =>
  `/ws/services/${encodeURIComponent(id)}/status${since > 0 ? `?since=${since}` : ''}`;
export const logSocketPath = (id: string, level: string): string =>
  `/ws/services/${encodeURIComponent(id)}/logs${level === '' ? '' : `?level=${level}`}`;
