/** Guided updates of Redis and changes of its settings. */
import { checklistItem } from './maintenance';
import { boolean, list, nullable, number, object, oneOf, optional, text, time, type Checked } from './parse';

export const PHASES = ['checking', 'blocked', 'guarding', 'rehearsing', 'ready', 'applying', 'verifying', 'watching', 'needs_human', 'undoing', 'done', 'undone', 'cancelled'] as const;
export const ORDERS = ['go', 'recheck', 'accept', 'undo', 'cancel'] as const;

export const step = object({ title: text, on: oneOf('resus', 'host'), text, commands: list(text) });
export const procedure = object({
  number,
  service: text,
  kind: oneOf('update', 'config'),
  phase: oneOf(...PHASES),
  text: nullable(text),
  notes: nullable(text),
  name: nullable(text),
  value: nullable(text),
  before: nullable(text),
  after: nullable(text),
  written: boolean,
  server: nullable(text),
  from: nullable(text),
  to: nullable(text),
  safety: nullable(text),
  rehearsed: boolean,
  user: nullable(text),
  // Viewers do not see why.
  reason: optional(text),
  started_at: nullable(time),
  ended_at: nullable(time),
  watched_until: nullable(time),
  orders: list(text),
  checklist: list(checklistItem),
  steps: list(step),
  way_back: list(step),
});
export const procedures = object({ items: list(procedure) });

export type Step = Checked<typeof step>;
export type Procedure = Checked<typeof procedure>;
export type Procedures = Checked<typeof procedures>;
export type Phase = Procedure['phase'];
export type Order = (typeof ORDERS)[number];
