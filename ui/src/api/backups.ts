import * as shape from '@/contract/backups';

import { call } from './http';

const at = (id: string, rest: string): string => `/api/services/${encodeURIComponent(id)}${rest}`;
const one = (id: string, b: string, rest = ''): string => at(id, `/backups/${encodeURIComponent(b)}${rest}`);
const why = (reason: string): { reason?: string } => (reason === '' ? {} : { reason });

export const getBackupOverview = async (): Promise<shape.BackupStatus[]> => (await call('/api/backups', shape.backupOverview)).items;
export const getBackupStatus = (id: string): Promise<shape.BackupStatus> => call(at(id, '/backup-status'), shape.backupStatus);
/** The newest `most`; `next_cursor` is null when these are all. */
export const listBackups = (id: string, most: number): Promise<shape.BackupList> => call(at(id, '/backups'), shape.backupList, { query: { limit: most } });
export const getPrunable = (id: string): Promise<shape.Prunable> => call(at(id, '/backup-prune'), shape.prunable);

export const createBackup = (id: string, reason: string): Promise<shape.BackupTask> =>
  call(at(id, '/backups'), shape.backupTask, { method: 'POST', body: why(reason) });
export const verifyBackup = (id: string, b: string): Promise<shape.BackupTask> => call(one(id, b, '/verify'), shape.backupTask, { method: 'POST' });
export const getDrills = (id: string): Promise<shape.BackupDrills> => call(at(id, '/backup-drills'), shape.backupDrills);
export const drillBackup = (id: string): Promise<shape.BackupTask> => call(at(id, '/backup-drills'), shape.backupTask, { method: 'POST', body: {} });
export const pinBackup = (id: string, b: string, days: number, reason: string): Promise<shape.Backup> =>
  call(one(id, b, '/pin'), shape.backup, { method: 'POST', body: { days, ...why(reason) } });
export const unpinBackup = (id: string, b: string, reason: string): Promise<shape.Backup> =>
  call(one(id, b, '/pin'), shape.backup, { method: 'DELETE', body: why(reason) });
export const acceptBackup = (id: string, b: string, reason: string): Promise<shape.Backup> =>
  call(one(id, b, '/accept'), shape.backup, { method: 'POST', body: why(reason) });
export const deleteBackup = (id: string, b: string, confirmation: string, reason: string): Promise<shape.BackupStatus> =>
  call(one(id, b), shape.backupStatus, { method: 'DELETE', body: { confirmation, ...why(reason) } });
export const pruneBackups = (id: string, reason: string): Promise<shape.BackupStatus> =>
  call(at(id, '/backup-prune'), shape.backupStatus, { method: 'POST', body: why(reason) });
