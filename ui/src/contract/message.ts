/** Frames of /ws/services/{id}/status and the items of /events: the same objects. */
import { alert, incident } from './incidents';
import { boolean, isObject, list, Mismatch, nullable, number, object, oneOf, optional, text, time, type Checked } from './parse';
import { health, logLine, overall, recoveryLevel, unitStatus } from './service';

const head = { service: text, timestamp: time, seq: number };

const serviceStatus = object({
  ...head,
  type: oneOf('service_status'),
  status: unitStatus,
  overall_status: overall,
  last_check: nullable(time),
  stale_after_seconds: optional(number),
  details: object({
    pid: optional(number),
    connections: optional(number),
    memory_mb: optional(number),
    uptime_seconds: optional(number),
  }),
});

const serviceEvent = object({
  ...head,
  type: oneOf('service_event'),
  event: text,
  user: optional(text),
  result: oneOf('started', 'success', 'failure'),
  message: optional(text),
  duration_seconds: optional(number),
});

const autoRecoveryEvent = object({
  ...head,
  type: oneOf('auto_recovery'),
  recovery_level: recoveryLevel,
  status: oneOf('started', 'success', 'failed', 'skipped'),
  message: text,
  attempt_number: optional(number),
  requires_manual_intervention: optional(boolean),
});

const notice = object({ ...head, type: oneOf('notice'), message: text, level: optional(text), kind: optional(text), user: optional(text), reason: optional(text) });
const alertMessage = object({ ...head, type: oneOf('alert'), alert, message: optional(text) });
const incidentMessage = object({ ...head, type: oneOf('incident'), incident, message: optional(text) });
const serviceHealthHead = object({ ...head, type: oneOf('service_health') });
const resync = object({ type: oneOf('resync') });

export type StatusMessage = Checked<typeof serviceStatus>;
export type HealthMessage = Checked<typeof serviceHealthHead> & { health: Checked<typeof health> };
export type ServiceEvent = Checked<typeof serviceEvent>;
export type RecoveryEvent = Checked<typeof autoRecoveryEvent>;
export type Notice = Checked<typeof notice>;
export type AlertMessage = Checked<typeof alertMessage>;
export type IncidentMessage = Checked<typeof incidentMessage>;
export type Resync = Checked<typeof resync>;
export type Numbered = StatusMessage | HealthMessage | ServiceEvent | RecoveryEvent | Notice | AlertMessage | IncidentMessage;
export type Message = Numbered | Resync;

/** A message of a kind that this console does not know yet is null: newer daemons may say more. */
export function message(value: unknown): Message | null {
  if (!isObject(value)) throw new Mismatch('', 'an object', value);
  switch (value['type']) {
    case 'service_status':
      return serviceStatus(value);
    case 'service_health':
      return { ...serviceHealthHead(value), health: health(value) };
    case 'service_event':
      return serviceEvent(value);
    case 'auto_recovery':
      return autoRecoveryEvent(value);
    case 'notice':
      return notice(value);
    case 'alert':
      return alertMessage(value);
    case 'incident':
      return incidentMessage(value);
    case 'resync':
      return resync(value);
    default:
      return null;
  }
}

/** Items that this console does not know are left out of the list. */
export const eventList = (value: unknown): Numbered[] =>
  object({ items: list((item: unknown) => message(item)) })(value).items.filter(
    (item): item is Numbered => item !== null && item.type !== 'resync',
  );

/** A followed log line: the line itself, or the line inside a `log` member. */
export const followedLine = (value: unknown): Checked<typeof logLine> | null => {
  if (!isObject(value)) throw new Mismatch('', 'an object', value);
  const inner = isObject(value['log']) ? value['log'] : value;
  return typeof inner['message'] === 'string' ? logLine(inner) : null;
};
