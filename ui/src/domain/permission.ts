import { OPERATIONS } from '@/contract/types.gen';
import { ROLES, type Role } from '@/contract/people';

/** A permission is an operation of the daemon's table. The daemon decides; this only saves people a refusal. */
export type Permission = keyof typeof OPERATIONS;

export const leastRole = (permission: Permission): Role => OPERATIONS[permission].least;
export const atLeast = (role: Role, least: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(least);
export const may = (role: Role, permission: Permission): boolean => atLeast(role, leastRole(permission));
