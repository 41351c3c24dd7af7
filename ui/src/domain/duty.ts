/** What is open and what needs the reader: kept by the store, changed by each message. Pure. */
import type { Alert, Incident } from '@/contract/incidents';
import { words } from '@/i18n';

import type { Tone } from './badge';

const say = words.duty;
/** A status update that is due so soon is worth a reminder. */
export const DUE_SOON_MS = 5 * 60_000;

export const isOpenAlert = (alert: Alert): boolean => alert.state !== 'resolved';
export const isOpenIncident = (incident: Incident): boolean => incident.status === 'investigating' || incident.status === 'mitigated';

function placed<T extends { readonly id: number }>(items: readonly T[], item: T, open: boolean): readonly T[] {
  const others = items.filter(({ id }) => id !== item.id);
  return open ? [...others, item].sort((a, b) => b.id - a.id) : others;
}

/** The open ones, newest first, with what a message says of one. */
export const withAlert = (alerts: readonly Alert[], alert: Alert): readonly Alert[] => placed(alerts, alert, isOpenAlert(alert));
export const withIncident = (incidents: readonly Incident[], incident: Incident): readonly Incident[] =>
  placed(incidents, incident, isOpenIncident(incident));

export const waitsForAnswer = (alert: Alert): boolean =>
  (alert.state === 'firing' || alert.state === 'flapping') && alert.acknowledged_by === null;
export const mayAcknowledge = (alert: Alert): boolean => isOpenAlert(alert) && alert.acknowledged_by === null;

const YOUNG_MS = 60_000;
/** A message of it is being made or sent. An event says when the last delivery has ended; none says that one of several has, that one
 * waits for another attempt, or anything of an alert without a service. */
export const onTheWay = (alert: Alert, now: number): boolean =>
  (alert.service === null && now - alert.began_at < YOUNG_MS) ||
  (alert.deliveries ?? []).some(({ state }) => state === 'queued' || state === 'sending' || state === 'waiting');

export interface Need {
  readonly key: string;
  readonly to: string;
  readonly tone: Tone;
  readonly text: string;
  /** What it is about. */
  readonly more: string;
}

/** The service, by the name that people use, or the host. */
export const subjectOf = (item: Alert | Incident, nameOf: (id: string) => string): string =>
  item.service === null ? (item.host ?? say.noService) : nameOf(item.service);
export const titleOf = (incident: Incident): string => incident.title ?? say.untitled;
export const toneOfSeverity = (severity: Alert['severity']): Tone =>
  severity === 'P1' || severity === 'P2' ? 'critical' : severity === 'none' ? 'unknown' : 'degraded';

export function toneOfAlert(alert: Pick<Alert, 'state' | 'severity'>): Tone {
  if (alert.state === 'resolved') return 'healthy';
  if (alert.state === 'pending' || alert.state === 'clearing') return 'progress';
  return toneOfSeverity(alert.severity);
}

export function toneOfIncident(incident: Pick<Incident, 'status' | 'severity'>): Tone {
  if (incident.status === 'investigating') return toneOfSeverity(incident.severity);
  return ({ mitigated: 'progress', resolved: 'healthy', closed: 'unknown' } as const)[incident.status];
}

/** Milliseconds until the status update is due; null when there is none to give. */
export const dueIn = (incident: Incident, now: number): number | null =>
  incident.update_due_at === null || !isOpenIncident(incident) ? null : incident.update_due_at - now;

/** Firing alerts without an answer, incidents that the reader commands, updates that are due. The worst first. */
export function needsOf(alerts: readonly Alert[], incidents: readonly Incident[], me: string, now: number, nameOf: (id: string) => string): Need[] {
  const firing = alerts.filter(waitsForAnswer).map((alert): Need => ({
    key: `alert-${alert.id}`,
    to: `/alerts/${alert.id}`,
    tone: toneOfAlert(alert),
    text: say.firing(alert.severity, subjectOf(alert, nameOf)),
    more: alert.summary,
  }));
  const led = incidents.flatMap((incident): Need[] => {
    const left = dueIn(incident, now);
    const due = left !== null && left <= DUE_SOON_MS;
    const mine = incident.commander !== null && incident.commander === me;
    if (!mine && !(due && incident.commander === null)) return [];
    return [
      {
        key: `incident-${incident.id}`,
        to: `/incidents/${incident.id}`,
        tone: due ? toneOfSeverity(incident.severity) : toneOfIncident(incident),
        text: due ? (left <= 0 ? say.updateLate(incident.id) : say.updateSoon(incident.id)) : say.yours(incident.id),
        more: titleOf(incident),
      },
    ];
  });
  return [...firing, ...led].sort((a, b) => Number(b.tone === 'critical') - Number(a.tone === 'critical'));
}

/** A row of a list of alerts or incidents. */
export interface CaseRow {
  readonly id: number;
  readonly to: string;
  readonly tone: Tone;
  readonly severity: string;
  readonly state: string;
  readonly title: string;
  readonly subject: string;
  readonly who: string;
  readonly at: number;
}
