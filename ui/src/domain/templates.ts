/** The runbook's three messages about an incident, filled with what is known. */
import type { Incident } from '@/contract/incidents';
import { words } from '@/i18n';

import { durationText } from './duration';
import { titleOf } from './duty';

export const TEMPLATES = ['initial', 'update', 'resolution'] as const;
export type Template = (typeof TEMPLATES)[number];

const say = words.incidents;
/** UTC: readers of a message are anywhere. */
export const utcText = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const known = (text: string | null): string => (text === null || text.trim() === '' ? say.notKnown : text.trim());
const time = (at: number | null): string => (at === null ? say.notKnown : utcText(at));

/** What was written last in the timeline by people: notes and updates. */
function lastSaid(incident: Incident, kinds: readonly string[]): string {
  const said = (incident.timeline ?? []).filter(({ kind, text }) => kinds.includes(kind) && text !== '');
  return known(said[said.length - 1]?.text ?? null);
}

function initial(incident: Incident, service: string): string {
  return `INCIDENT ALERT - ${service} ${incident.severity}

Severity: ${incident.severity}
Service: ${service}
Status: ${say.statuses[incident.status]}
Detected: ${utcText(incident.opened_at)}
Impact: ${known(incident.impact)}

Current Status:
${titleOf(incident)}

Actions Taken:
${lastSaid(incident, ['note', 'update'])}

Next Update: ${time(incident.update_due_at)}

Incident Commander: ${known(incident.commander)}`;
}

function update(incident: Incident, service: string, now: number): string {
  return `INCIDENT UPDATE - ${service} ${incident.severity}

Incident: ${incident.id}
Time: ${utcText(now)}
Status: ${say.statuses[incident.status]}

Progress:
${lastSaid(incident, ['update'])}

Current Work:
${lastSaid(incident, ['note'])}

ETA: ${say.notKnown}

Next Update: ${time(incident.update_due_at)}`;
}

function resolution(incident: Incident, service: string, address: string): string {
  const until = incident.resolved_at ?? incident.closed_at;
  return `INCIDENT RESOLVED - ${service}

Incident: ${incident.id}
Duration: ${until === null ? say.notKnown : durationText((until - incident.opened_at) / 1000)}
Resolution: ${time(until)}

Summary:
${known(incident.summary)}

Root Cause:
${known(incident.root_cause)}

Resolution:
${known(incident.resolution)}

Preventive Measures:
${known(incident.preventive_measures)}

Post-Mortem: ${address}`;
}

/** `service` is its name for people; `address` leads to the incident. */
export function filled(template: Template, incident: Incident, service: string, now: number, address: string): string {
  if (template === 'initial') return initial(incident, service);
  return template === 'update' ? update(incident, service, now) : resolution(incident, service, address);
}

/** What fits a stage of the incident best. */
export const usualTemplate = (incident: Incident): Template => {
  if (incident.status === 'resolved' || incident.status === 'closed') return 'resolution';
  return (incident.timeline ?? []).some(({ kind }) => kind === 'update') ? 'update' : 'initial';
};
