/** Backups: what is there, what runs, and how the last task ended. */
import { boolean, list, nullable, number, object, oneOf, optional, text, time, type Checked } from './parse';

const task = oneOf('create', 'verify', 'pin', 'unpin', 'accept', 'delete', 'prune', 'fetch', 'drill', 'rehearse');

export const backupSource = object({ address: text, role: text, server: text, version: text });

export const backupCopy = object({ target: text, state: oneOf('copied', 'removed', 'waiting', 'copying', 'failing', 'none'), at: nullable(time) });
/** A place outside of the folder, and whether each backup has its copy there. */
export const backupPlace = object({
  target: text,
  state: oneOf('up_to_date', 'waiting', 'copying', 'failing'),
  waiting: number,
  last_success_at: nullable(time),
  failing_since: nullable(time),
  problem: nullable(text),
  note: nullable(text),
});

export const backup = object({
  id: text,
  kind: oneOf('daily', 'manual'),
  // Viewers do not see why a person made it.
  reason: optional(text),
  by: nullable(text),
  source: nullable(backupSource),
  started_at: nullable(time),
  finished_at: nullable(time),
  bytes: number,
  keys: number,
  proved: oneOf('no', 'file', 'structure', 'loaded'),
  latest: boolean,
  checked_at: nullable(time),
  check_result: nullable(oneOf('good', 'bad', 'cannot_tell')),
  check_text: nullable(text),
  suspicious: list(text),
  accepted_at: nullable(time),
  pinned_until: nullable(time),
  kept_by: list(text),
  sealed: boolean,
  copies: list(backupCopy),
  folder: text,
});
export const backupList = object({ items: list(backup), next_cursor: nullable(text) });

export const backupJob = object({ number, task, backup: nullable(text), stage: text, waits_for: nullable(text), bytes: number, user: text, since: time });
export const backupLast = object({
  number,
  task,
  backup: nullable(text),
  result: oneOf('proved', 'not_proved', 'suspicious', 'good', 'bad', 'cannot_tell', 'done', 'failed', 'cancelled'),
  cause: nullable(text),
  message: text,
  user: text,
  ended_at: time,
  duration_seconds: number,
});
/** A backup that was loaded to measure how long it takes. */
export const backupDrill = object({
  number,
  backup: text,
  backup_at: nullable(time),
  started_at: time,
  ended_at: time,
  result: oneOf('good', 'bad', 'cannot_tell', 'failed', 'cancelled'),
  message: text,
  user: text,
  bytes: number,
  keys: nullable(number),
  read_seconds: nullable(number),
  load_seconds: nullable(number),
  rto_seconds: nullable(number),
  rpo_seconds: nullable(number),
});
export const backupDrills = object({ items: list(backupDrill) });
export const backupDrilling = object({ every_seconds: nullable(number), next_at: nullable(time), overdue: boolean, last: nullable(backupDrill), passed: nullable(backupDrill) });
export const backupStatus = object({
  service: text,
  schedule: nullable(text),
  next_at: nullable(time),
  last_at: nullable(time),
  last_proved_at: nullable(time),
  last_proved: nullable(text),
  count: number,
  proved_count: number,
  bytes: number,
  removable_count: number,
  free_bytes: nullable(number),
  overdue: boolean,
  problem: nullable(text),
  directory: text,
  drill: backupDrilling,
  copies: list(backupPlace),
  job: nullable(backupJob),
  last: nullable(backupLast),
  failure: nullable(backupLast),
});
export const backupOverview = object({ items: list(backupStatus) });
export const backupTask = object({ number, task, status: backupStatus });
export const prunable = object({ items: list(backup), bytes: number, needs_confirmation: boolean });

export type Backup = Checked<typeof backup>;
export type BackupSource = Checked<typeof backupSource>;
export type BackupCopy = Checked<typeof backupCopy>;
export type BackupPlace = Checked<typeof backupPlace>;
export type BackupList = Checked<typeof backupList>;
export type BackupJob = Checked<typeof backupJob>;
export type BackupLast = Checked<typeof backupLast>;
export type BackupDrill = Checked<typeof backupDrill>;
export type BackupDrills = Checked<typeof backupDrills>;
export type BackupDrilling = Checked<typeof backupDrilling>;
export type BackupStatus = Checked<typeof backupStatus>;
export type BackupTask = Checked<typeof backupTask>;
export type Prunable = Checked<typeof prunable>;
