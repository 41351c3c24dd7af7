/** Restores: what one would do, and those that were ordered. */
import { boolean, list, nullable, number, object, oneOf, text, time, type Checked } from './parse';

export const restorePoint = object({ code: text, text });
export const restorePlan = object({
  service: text,
  backup: text,
  method: oneOf('file', 'replicate', 'keys'),
  method_reason: nullable(text),
  mode: oneOf('exact', 'overwrite', 'missing'),
  allowed: boolean,
  blockers: list(restorePoint),
  warnings: list(restorePoint),
  keys: nullable(number),
  keys_now: nullable(number),
  bytes: nullable(number),
  memory_bytes: nullable(number),
  downtime_seconds: nullable(number),
  safety_backup: boolean,
});
export const restore = object({
  number,
  service: text,
  source: text,
  backup: text,
  method: oneOf('file', 'replicate', 'keys'),
  state: oneOf('running', 'held', 'needs_human', 'done', 'undone', 'failed', 'cancelled', 'interrupted'),
  stage: nullable(text),
  message: nullable(text),
  can_resume: boolean,
  can_undo: boolean,
  keys: nullable(number),
  restored: number,
  kept: number,
  safety_backup: nullable(text),
  user: text,
  began_at: time,
  ended_at: nullable(time),
});
export const restoreList = object({ items: list(restore), next_cursor: nullable(text) });

export type RestorePoint = Checked<typeof restorePoint>;
export type RestorePlan = Checked<typeof restorePlan>;
export type Restore = Checked<typeof restore>;
export type RestoreList = Checked<typeof restoreList>;

/** What a person chooses; what is left out Resus chooses. */
export interface RestoreChoice {
  readonly method?: 'file' | 'replicate' | 'keys';
  readonly mode?: 'exact' | 'overwrite' | 'missing';
  /** The service that gets the data, if it is another one. */
  readonly to?: string;
  readonly db?: number;
  readonly match?: string;
}
