import type { Checked } from '@/contract/parse';
import * as shape from '@/contract/people';
import type { Role } from '@/contract/people';

import { anything, call } from './http';

export const login = (email: string, password: string, totp: string): Promise<Checked<typeof shape.loggedIn>> =>
  call('/api/auth/login', shape.loggedIn, {
    method: 'POST',
    body: { email, password, ...(totp === '' ? {} : { totp }) },
    quiet401: true,
  });
export const logout = (): Promise<unknown> => call('/api/auth/logout', anything, { method: 'POST', quiet401: true });
export const renew = (): Promise<Checked<typeof shape.loggedIn>> =>
  call('/api/auth/renew', shape.loggedIn, { method: 'POST', quiet401: true });
export const whoAmI = (): Promise<Checked<typeof shape.me>> => call('/api/auth/me', shape.me, { quiet401: true });
/** What shows that an account is changed by its owner. */
export interface Proof {
  readonly password: string;
  /** Where two-factor authentication is on; '' elsewhere. */
  readonly code: string;
}
const proof = (given: Proof): Record<string, string> => ({ current_password: given.password, ...(given.code === '' ? {} : { totp: given.code }) });

export const changePassword = (given: Proof, next: string): Promise<unknown> =>
  call('/api/auth/password', anything, { method: 'POST', body: { ...proof(given), new_password: next }, quiet401: true });

export const listSessions = async (): Promise<shape.Session[]> => (await call('/api/auth/sessions', shape.sessionList)).items;
export const endSession = (id: number): Promise<unknown> =>
  call(`/api/auth/sessions/${id}`, anything, { method: 'DELETE' });

/** A wrong password here is a 401, too, and says nothing about the session. */
export const beginTotp = (password: string): Promise<Checked<typeof shape.totpBegun>> =>
  call('/api/auth/totp', shape.totpBegun, { method: 'POST', body: { current_password: password }, quiet401: true });
export const confirmTotp = async (code: string): Promise<string[]> =>
  (await call('/api/auth/totp/confirm', shape.totpOn, { method: 'POST', body: { totp: code }, quiet401: true })).recovery_codes;
export const disableTotp = (given: Proof): Promise<unknown> =>
  call('/api/auth/totp/disable', anything, { method: 'POST', body: proof(given), quiet401: true });

export const listTokens = async (): Promise<shape.Token[]> => (await call('/api/tokens', shape.tokenList)).items;
export const createToken = async (name: string, role: Role, seconds: number): Promise<string> =>
  (await call('/api/tokens', shape.newToken, { method: 'POST', body: { name, role, expires_in_seconds: seconds } })).token;
export const revokeToken = (id: number): Promise<unknown> =>
  call(`/api/tokens/${id}`, anything, { method: 'DELETE' });

export const listUsers = async (): Promise<shape.Account[]> => (await call('/api/users', shape.accountList)).items;
export const createUser = (email: string, role: Role, password: string): Promise<unknown> =>
  call('/api/users', anything, { method: 'POST', body: { email, role, password } });
export const changeUser = (id: number, change: { role?: Role; disabled?: boolean; password?: string }): Promise<shape.Account> =>
  call(`/api/users/${id}`, shape.account, { method: 'PATCH', body: change });

export const listRequests = async (): Promise<shape.AccessRequest[]> =>
  (await call('/api/access-requests', shape.accessRequestList)).items;
export const requestAccess = (requested: Role, justification: string, seconds: number): Promise<unknown> =>
  call('/api/access-requests', anything, {
    method: 'POST',
    body: { requested_role: requested, justification, duration_seconds: seconds },
  });
export const decideRequest = (id: number, decision: 'approve' | 'reject'): Promise<unknown> =>
  call(`/api/access-requests/${id}/${decision}`, anything, { method: 'POST' });
