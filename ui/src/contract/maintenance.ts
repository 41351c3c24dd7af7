/** Maintenance windows and their checklists. */
import { boolean, list, nullable, number, object, oneOf, optional, record, text, time, type Checked } from './parse';
import { overall } from './service';

export const IMPACTS = ['outage', 'degraded', 'reduced-redundancy', 'no-impact'] as const;
export const STAGES = ['before', 'during', 'after'] as const;
export type Impact = (typeof IMPACTS)[number];
export type Stage = (typeof STAGES)[number];

export const checklistItem = object({
  item: number,
  stage: oneOf(...STAGES),
  text,
  done: boolean,
  user: nullable(text),
  at: nullable(time),
  note: nullable(text),
});

/** How a service was before the window, and how it is after it. */
export const maintained = object({
  overall_status: overall,
  cause: nullable(text),
  role: nullable(text),
  canary: boolean,
  smoke: optional(oneOf('off', 'skipped', 'pending', 'passed', 'failed')),
  smoke_failed_at: optional(oneOf('SET', 'GET', 'DEL')),
  well: optional(boolean),
});

export const maintenanceWindow = object({
  id: number,
  title: text,
  window: nullable(text),
  state: oneOf('planned', 'announced', 'open', 'verifying', 'ended', 'cancelled'),
  starts_at: time,
  ends_at: time,
  duration_minutes: number,
  services: list(text),
  impact: oneOf(...IMPACTS),
  by_hand: boolean,
  planned_by: nullable(text),
  planned_at: time,
  opened_at: nullable(time),
  closed_at: nullable(time),
  verified: oneOf('unverified', 'well', 'not_well'),
  summary: nullable(text),
  checklist: optional(list(checklistItem)),
  before: optional(record(maintained)),
  after: optional(record(maintained)),
});
export const windowList = object({ items: list(maintenanceWindow) });

export type ChecklistItem = Checked<typeof checklistItem>;
export type Maintained = Checked<typeof maintained>;
export type MaintenanceWindow = Checked<typeof maintenanceWindow>;
