import type { AuditLine } from '@/contract/people';

import { isoText } from './duration';

const COLUMNS = ['timestamp', 'event_type', 'service', 'operation', 'user', 'role', 'source_ip', 'success', 'duration_seconds', 'error', 'reason', 'request_id'] as const;

/** A cell that a spreadsheet would take for a formula is defused; quotes are doubled. */
function cell(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csvOf(lines: readonly AuditLine[]): string {
  const rows = lines.map((line) =>
    [
      isoText(line.timestamp),
      line.event_type,
      line.service,
      line.operation,
      line.user.email,
      line.user.role,
      line.source_ip,
      line.result?.success,
      line.result?.duration_seconds,
      line.result?.error,
      line.reason,
      line.request_id,
    ]
      .map(cell)
      .join(','),
  );
  return [COLUMNS.join(','), ...rows].join('\r\n') + '\r\n';
}

export const jsonLinesOf = (lines: readonly AuditLine[]): string =>
  lines.map((line) => JSON.stringify({ ...line, timestamp: isoText(line.timestamp) })).join('\n') + '\n';

/** What a local date field holds, as a moment of the API: the day's start, or its end. */
export function dayEdge(value: string, end: boolean): string | undefined {
  if (value === '') return undefined;
  const at = new Date(`${value}T${end ? '23:59:59' : '00:00:00'}`);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString().replace(/\.\d+Z$/, 'Z');
}
