/** What the page knows of one service, and how each message changes it. Pure: the store holds it, the socket feeds it. */
import type { AlertMessage, IncidentMessage, Message, Numbered, RecoveryEvent, ServiceEvent } from '@/contract/message';
import type { Health, RunningOperation, Status } from '@/contract/service';

export const EVENTS_KEPT = 200;
const STALE_AFTER_MS = 60_000;

export interface Live {
  readonly status: Status | null;
  readonly health: Health | null;
  /** What happened, newest first; no more than EVENTS_KEPT. */
  readonly events: readonly Numbered[];
  /** The newest number seen: the connection resumes behind it. */
  readonly seq: number;
  readonly staleAfterMs: number;
  /** Daemon's clock less ours, so that ages are right on a phone whose clock is not. */
  readonly skewMs: number;
}

export const NOTHING: Live = { status: null, health: null, events: [], seq: 0, staleAfterMs: STALE_AFTER_MS, skewMs: 0 };

/** Sets a member, or leaves it out: absent and undefined are two things here. */
function put<T extends object, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value === undefined) Reflect.deleteProperty(target, key);
  else target[key] = value;
}

const verbs: Readonly<Record<string, Status['status']>> = { start: 'starting', restart: 'starting', stop: 'stopping' };

const ends: Readonly<Record<string, Status['status']>> = { start: 'running', restart: 'running', stop: 'stopped' };

/** Redis runs on while it is backed up: that is no operation on it. */
export const isBackupEvent = (message: Numbered): message is ServiceEvent & { event: `backup_${string}` } =>
  message.type === 'service_event' && message.event.startsWith('backup_');

function operationOf(event: ServiceEvent): RunningOperation | undefined {
  if (event.result !== 'started') return undefined;
  return { operation: event.event, user: event.user ?? '', since: event.timestamp };
}

/** Each entry of a timeline is a message; as events those count that change what an alert or an incident is. `events` are
 * newest first. */
function repeats(message: Numbered, events: readonly Numbered[]): boolean {
  if (message.type === 'alert') {
    const { alert } = message;
    const last = events.find((event): event is AlertMessage => event.type === 'alert' && event.alert.id === alert.id)?.alert;
    return last?.state === alert.state && last.severity === alert.severity;
  }
  if (message.type !== 'incident') return false;
  const { incident } = message;
  const last = events.find((event): event is IncidentMessage => event.type === 'incident' && event.incident.id === incident.id)?.incident;
  return last?.status === incident.status && last.severity === incident.severity;
}

/** Status messages come every 30 s; as events only those count that say something new. */
export function worthTelling(message: Numbered, before: Live): boolean {
  if (message.type === 'service_health') return false;
  if (message.type === 'alert' || message.type === 'incident') return !repeats(message, before.events);
  return message.type !== 'service_status' || before.status === null || before.status.overall_status !== message.overall_status;
}

function withEvent(events: readonly Numbered[], message: Numbered): readonly Numbered[] {
  return [message, ...events].slice(0, EVENTS_KEPT);
}

function mergedStatus(before: Status | null, message: Extract<Numbered, { type: 'service_status' }>): Status {
  const merged: Status = {
    ...before,
    status: message.status,
    overall_status: message.overall_status,
    last_check: message.last_check,
  };
  put(merged, 'pid', message.details.pid);
  put(merged, 'connections', message.details.connections);
  put(merged, 'memory_mb', message.details.memory_mb);
  put(merged, 'uptime_seconds', message.details.uptime_seconds);
  // Figures of the process before are not those of this one.
  if (message.details.uptime_seconds === undefined || message.details.pid !== before?.pid) put(merged, 'commands_processed', undefined);
  if (message.status === 'running') {
    put(merged, 'stopped_by', undefined);
    put(merged, 'stopped_at', undefined);
    put(merged, 'stop_reason', undefined);
  }
  return merged;
}

function afterEvent(status: Status | null, event: ServiceEvent): Status | null {
  if (status === null || isBackupEvent(event)) return status;
  const next: Status = { ...status };
  put(next, 'operation', operationOf(event));
  const verb = verbs[event.event];
  if (event.result === 'started' && verb !== undefined) next.status = verb;
  // It is over when Redis answers, or has ended: the next status message may take half a minute.
  const reached = ends[event.event];
  if (event.result === 'success' && reached !== undefined) next.status = reached;
  if (event.result === 'started' && event.event === 'stop')
    put(next, 'stop_reason', event.message === '' ? undefined : event.message);
  if (event.result === 'success' && event.event === 'stop' && event.user !== undefined) {
    next.stopped_by = event.user;
    next.stopped_at = event.timestamp;
  }
  return next;
}

/** A message that was seen before (a resumed connection may repeat one) changes nothing. */
export function apply(before: Live, message: Message, now: number): Live {
  if (message.type === 'resync') return { ...before, seq: 0 };
  if (message.seq <= before.seq) return before;
  const live: Live = { ...before, seq: message.seq, skewMs: message.timestamp - now };
  const events = worthTelling(message, before) ? withEvent(before.events, message) : before.events;
  switch (message.type) {
    case 'service_status':
      return {
        ...live,
        events,
        status: mergedStatus(before.status, message),
        staleAfterMs: (message.stale_after_seconds ?? STALE_AFTER_MS / 1000) * 1000,
      };
    case 'service_health':
      return { ...live, health: message.health };
    case 'service_event':
      return { ...live, events, status: afterEvent(before.status, message) };
    default:
      return { ...live, events };
  }
}

/** The answers of GET status and health: newer than any message before them. */
export function snapshot(before: Live, status: Status, health: Health | null): Live {
  return { ...before, status, health: health ?? before.health };
}

/** Stored events under those that came live meanwhile. */
export function withHistory(before: Live, history: readonly Numbered[], keep = EVENTS_KEPT): Live {
  const known = new Set(before.events.map((event) => event.seq));
  const told: Numbered[] = [];
  let shown: string | null = null;
  for (const event of [...history].reverse()) {
    if (event.type === 'service_health') continue;
    if (event.type === 'service_status') {
      if (event.overall_status === shown) continue;
      shown = event.overall_status;
    }
    if (repeats(event, told)) continue;
    if (!known.has(event.seq)) told.unshift(event);
  }
  const events = [...before.events, ...told].sort((a, b) => b.seq - a.seq).slice(0, keep);
  return { ...before, events };
}

export const ageMs = (live: Live, now: number): number | null => {
  const last = live.status?.last_check ?? null;
  return last === null ? null : Math.max(0, now + live.skewMs - last);
};

/** Where it runs, as far as the reader may know. */
export const hostOf = (status: Status | null): string =>
  [status?.vm_info?.host, status?.vm_info?.name].filter((part) => part !== undefined && part !== '').join(' · ');

/** Older than two intervals: it may not be shown as if it were so now. */
export function isStale(live: Live, now: number): boolean {
  const age = ageMs(live, now);
  return live.status !== null && age !== null && age > live.staleAfterMs;
}

export const isRecoveryEvent = (message: Numbered): message is RecoveryEvent => message.type === 'auto_recovery';
