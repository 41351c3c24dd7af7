/** Alerts with their deliveries, incidents, channels. */
import { boolean, list, nullable, number, object, oneOf, optional, text, time, type Checked } from './parse';

export const SEVERITIES = ['P1', 'P2', 'P3', 'P4'] as const;
const severity = oneOf('none', 'P4', 'P3', 'P2', 'P1');

export const delivery = object({
  id: number,
  message: number,
  channel: text,
  kind: oneOf('trigger', 'update', 'reminder', 'resolve', 'announce', 'test', 'emergency', 'digest'),
  state: oneOf('queued', 'sending', 'waiting', 'delivered', 'accepted', 'dead', 'expired', 'superseded', 'stale', 'dropped'),
  attempts: number,
  code: nullable(number),
  receipt: nullable(text),
  error: nullable(text),
  at: time,
  next_attempt_at: nullable(time),
});

export const alert = object({
  id: number,
  service: nullable(text),
  host: nullable(text),
  class: oneOf('availability', 'writes', 'performance', 'access', 'host', 'security', 'backup', 'self'),
  detail: nullable(text),
  dedup_key: nullable(text),
  state: oneOf('pending', 'firing', 'clearing', 'flapping', 'resolved'),
  severity,
  cause: nullable(text),
  summary: text,
  sent: boolean,
  channels: list(text),
  began_at: time,
  ended_at: nullable(time),
  acknowledged_by: nullable(text),
  acknowledged_at: nullable(time),
  action: optional(text),
  stake: optional(text),
  command: optional(text),
  link: optional(text),
  evidence: optional(list(text)),
  deliveries: optional(list(delivery)),
});
export const alertList = object({ items: list(alert) });

export const channel = object({
  name: text,
  type: oneOf('smtp', 'slack', 'teams', 'pagerduty', 'webhook', 'alertmanager'),
  state: oneOf('unused', 'ok', 'retrying', 'failing'),
  failing_since: nullable(time),
  last_code: nullable(number),
  last_error: nullable(text),
  last_success: nullable(time),
  waiting: number,
});
export const channelList = object({ items: list(channel) });

export const sent = object({ message: number, success: boolean, deliveries: list(delivery), timestamp: time });

export const entry = object({
  seq: number,
  at: time,
  kind: oneOf('open', 'reopen', 'status', 'severity', 'command', 'update', 'note', 'set', 'acknowledge', 'call', 'skip', 'reminder', 'action'),
  actor: nullable(text),
  text,
});

export const INCIDENT_TEXTS = ['impact', 'summary', 'root_cause', 'resolution', 'preventive_measures'] as const;
export type IncidentText = (typeof INCIDENT_TEXTS)[number];

export const incident = object({
  id: number,
  service: nullable(text),
  host: nullable(text),
  status: oneOf('investigating', 'mitigated', 'resolved', 'closed'),
  severity,
  worst_severity: severity,
  cause: nullable(text),
  commander: nullable(text),
  acknowledged_by: nullable(text),
  escalation: oneOf('off', 'calling', 'acknowledged', 'paused'),
  opened_at: time,
  mitigated_at: nullable(time),
  resolved_at: nullable(time),
  closed_at: nullable(time),
  update_due_at: nullable(time),
  response_due_at: nullable(time),
  responded_at: nullable(time),
  response_missed: boolean,
  resolution_due_at: nullable(time),
  resolution_missed: boolean,
  war_room: nullable(text),
  window: nullable(number),
  title: nullable(text),
  impact: nullable(text),
  summary: nullable(text),
  root_cause: nullable(text),
  resolution: nullable(text),
  preventive_measures: nullable(text),
  entries_left_out: optional(number),
  timeline: optional(list(entry)),
});
export const incidentList = object({ items: list(incident) });

export type Severity = Checked<typeof severity>;
export type Delivery = Checked<typeof delivery>;
export type Alert = Checked<typeof alert>;
export type Channel = Checked<typeof channel>;
export type Sent = Checked<typeof sent>;
export type IncidentEntry = Checked<typeof entry>;
export type Incident = Checked<typeof incident>;
