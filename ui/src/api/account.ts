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
export const whoAmI = (): Promise<Checked<typeof shape.me>> => call('/api/auth/me', shape.me, { quiet401: true });
export const changePassword = (current: string, next: string): Promise<unknown> =>
  call('/api/auth/password', anything, { method: 'POST', body: { current_password: current, new_password: next }, quiet401: true });

export const listUsers = async (): Promise<shape.Account[]> => (await call('/api/users', shape.accountList)).items;
export const createUser = (email: string, role: Role, password: string): Promise<unknown> =>
  call('/api/users', anything, { method: 'POST', body: { email, role, password } });
export const changeUser = (id: string, change: { role?: Role; disabled?: boolean; password?: string }): Promise<unknown> =>
  call(`/api/users/${encodeURIComponent(id)}`, anything, { method: 'PATCH', body: change });

export const listRequests = async (): Promise<shape.AccessRequest[]> =>
  (await call('/api/access-requests', shape.accessRequestList)).items;
export const requestAccess = (requested: Role, justification: string, seconds: number): Promise<unknown> =>
  call('/api/access-requests', anything, {
    method: 'POST',
    body: { requested_role: requested, justification, duration_seconds: seconds },
  });
export const decideRequest = (id: string, decision: 'approve' | 'reject'): Promise<unknown> =>
  call(`/api/access-requests/${encodeURIComponent(id)}/${decision}`, anything, { method: 'POST' });
