import { ROLES, type Role } from '@/contract/people';

/** The guide's matrix: the least role for each thing. The daemon decides; this only saves people a refusal. */
export const LEAST_ROLE = {
  status: 'anonymous',
  health: 'anonymous',
  refresh: 'anonymous',
  metrics: 'viewer',
  events: 'viewer',
  explain: 'viewer',
  requests: 'viewer',
  account: 'viewer',
  start: 'operator',
  restart: 'operator',
  preflight: 'operator',
  notify: 'operator',
  stop: 'admin',
  logs: 'admin',
  configure: 'admin',
  audit: 'admin',
  users: 'admin',
  bundle: 'admin',
} as const satisfies Record<string, Role>;

export type Permission = keyof typeof LEAST_ROLE;

export const atLeast = (role: Role, least: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(least);
export const may = (role: Role, permission: Permission): boolean => atLeast(role, LEAST_ROLE[permission]);
