import { metrics, serviceLevels, statesOf, type Metrics, type ServiceLevels, type States } from '@/contract/metrics';

import { call } from './http';

const second = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');

export const getMetrics = (id: string, from: number, to: number, stepSeconds?: number): Promise<Metrics> =>
  call(`/api/services/${encodeURIComponent(id)}/metrics`, metrics, { query: { from: second(from), to: second(to), step: stepSeconds } });

/** How long it was up and down in each step. One series has to be named: the answer is small with it. */
export const getStates = (id: string, from: number, to: number, stepSeconds: number): Promise<States> =>
  call(`/api/services/${encodeURIComponent(id)}/metrics`, statesOf, { query: { from: second(from), to: second(to), step: stepSeconds, series: 'keys' } });

export const getServiceLevels = (id: string): Promise<ServiceLevels> => call(`/api/services/${encodeURIComponent(id)}/slo`, serviceLevels);
