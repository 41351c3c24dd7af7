import { metrics, serviceLevels, type Metrics, type ServiceLevels } from '@/contract/metrics';

import { call } from './http';

export const getMetrics = (id: string, from: number, to: number, stepSeconds?: number): Promise<Metrics> =>
  call(`/api/services/${encodeURIComponent(id)}/metrics`, metrics, {
    query: { from: new Date(from).toISOString().replace(/\.\d+Z$/, 'Z'), to: new Date(to).toISOString().replace(/\.\d+Z$/, 'Z'), step: stepSeconds },
  });

export const getServiceLevels = (id: string): Promise<ServiceLevels> => call(`/api/services/${encodeURIComponent(id)}/slo`, serviceLevels);
