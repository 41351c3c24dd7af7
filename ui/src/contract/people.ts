/** Accounts, access requests, the audit log. */
import { boolean, list, nullable, number, object, oneOf, optional, text, time, type Checked } from './parse';

export const ROLES = ['anonymous', 'viewer', 'operator', 'admin'] as const;
export const role = oneOf(...ROLES);
export type Role = Checked<typeof role>;

export const user = object({ email: text, role });
export const loggedIn = object({ user, csrf_token: text, expires_at: optional(time), totp_setup_required: optional(boolean) });
export const me = object({
  email: text,
  role,
  own_role: optional(role),
  csrf_token: optional(text),
  expires_at: optional(time),
  session_ends_at: optional(time),
  totp: optional(boolean),
  totp_setup_required: optional(boolean),
  recovery_codes_left: optional(number),
  wrong_codes: optional(number),
  grant: optional(object({ role, ends_at: optional(time) })),
});

export const token = object({
  id: number,
  name: text,
  role,
  begins_with: optional(text),
  disabled: boolean,
  created_at: optional(time),
  created_by: optional(text),
  expires_at: optional(time),
  last_used: optional(time),
});

export const account = object({
  id: number,
  email: text,
  role,
  disabled: boolean,
  totp: boolean,
  created_at: optional(time),
  locked_until: optional(time),
  granted_role: optional(role),
  grant_ends_at: optional(time),
  api_tokens: optional(list(token)),
});
export const accountList = object({ items: list(account) });

export const accessRequest = object({
  id: number,
  email: optional(text),
  current_role: role,
  requested_role: role,
  justification: text,
  duration_seconds: number,
  state: oneOf('pending', 'approved', 'rejected', 'ended'),
  created_at: optional(time),
  decided_by: optional(text),
  decided_at: optional(time),
  ends_at: optional(time),
});
export const accessRequestList = object({ items: list(accessRequest) });

export const tokenList = object({ items: list(token) });
export const newToken = object({ token: text });

export const session = object({
  id: number,
  issued_at: optional(time),
  expires_at: optional(time),
  address: optional(text),
  current: boolean,
});
export const sessionList = object({ items: list(session) });

export const totpBegun = object({ secret: text, uri: optional(text) });
export const totpOn = object({ recovery_codes: list(text) });

export const auditLine = object({
  timestamp: time,
  event_type: text,
  service: nullable(text),
  operation: nullable(text),
  user: object({ id: nullable(text), email: nullable(text), role: nullable(text) }),
  source_ip: nullable(text),
  result: nullable(
    object({ success: nullable(boolean), duration_seconds: nullable(number), exit_code: nullable(number), error: optional(text) }),
  ),
  security: optional(object({ risk_level: nullable(text) })),
  request_id: nullable(text),
  recovery_level: optional(text),
  reason: optional(text),
  seq: optional(number),
});
export const auditPage = object({ items: list(auditLine), next_cursor: nullable(text) });

const tally = {
  count: number,
  succeeded: number,
  failed: number,
  success_rate: nullable(number),
  mean_duration_seconds: optional(number),
  max_duration_seconds: optional(number),
};
export const auditReport = object({
  since: nullable(time),
  until: nullable(time),
  operations: optional(object(tally)),
  by_operation: optional(list(object({ ...tally, operation: nullable(text) }))),
  by_user: optional(list(object({ ...tally, user: nullable(text) }))),
  recoveries: optional(
    object({ ...tally, by_level: optional(list(object({ ...tally, recovery_level: nullable(text) }))) }),
  ),
  trend: optional(list(object({ day: text, operations: number, failed: number, recoveries: number }))),
});

export type User = Checked<typeof user>;
export type Account = Checked<typeof account>;
export type AccessRequest = Checked<typeof accessRequest>;
export type Token = Checked<typeof token>;
export type Session = Checked<typeof session>;
export type Me = Checked<typeof me>;
export type AuditLine = Checked<typeof auditLine>;
export type AuditReport = Checked<typeof auditReport>;
