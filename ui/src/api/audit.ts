import type { Checked } from '@/contract/parse';
import { auditPage, auditReport, type AuditReport } from '@/contract/people';

import { call } from './http';

export interface AuditFilter {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly user?: string | undefined;
  readonly operation?: string | undefined;
  readonly result?: 'success' | 'failed' | undefined;
}

export const getAudit = (filter: AuditFilter, limit: number, cursor?: string): Promise<Checked<typeof auditPage>> =>
  call('/api/audit', auditPage, { query: { ...filter, limit, cursor } });

export const getAuditReport = (report: 'daily' | 'weekly' | 'monthly'): Promise<AuditReport> =>
  call('/api/audit/report', auditReport, { query: { kind: report } });
