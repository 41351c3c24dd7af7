import * as shape from '@/contract/incidents';
import { text } from '@/contract/parse';

import { call } from './http';

const incidentAt = (id: number, rest = ''): string => `/api/incidents/${id}${rest}`;

export const listAlerts = async (state: 'open' | 'all'): Promise<shape.Alert[]> => (await call('/api/alerts', shape.alertList, { query: { state } })).items;
export const getAlert = (id: number): Promise<shape.Alert> => call(`/api/alerts/${id}`, shape.alert);
export const acknowledgeAlert = (id: number, note: string): Promise<shape.Alert> =>
  call(`/api/alerts/${id}/acknowledge`, shape.alert, { method: 'POST', body: { note } });

export const listIncidents = async (state: 'open' | 'all'): Promise<shape.Incident[]> =>
  (await call('/api/incidents', shape.incidentList, { query: { state } })).items;
export const getIncident = (id: number): Promise<shape.Incident> => call(incidentAt(id), shape.incident);
export const openIncident = (service: string, severity: string, title: string): Promise<shape.Incident> =>
  call('/api/incidents', shape.incident, { method: 'POST', body: service === '' ? { severity, title } : { service, severity, title } });

export interface IncidentChange extends Partial<Record<shape.IncidentText, string>> {
  readonly severity?: string;
  readonly status?: 'mitigated' | 'resolved' | 'closed';
  readonly title?: string;
}
export const changeIncident = (id: number, change: IncidentChange): Promise<shape.Incident> =>
  call(incidentAt(id), shape.incident, { method: 'PATCH', body: { ...change } });
export const takeIncident = (id: number): Promise<shape.Incident> => call(incidentAt(id, '/take'), shape.incident, { method: 'POST' });
export const acknowledgeIncident = (id: number, note: string): Promise<shape.Incident> =>
  call(incidentAt(id, '/acknowledge'), shape.incident, { method: 'POST', body: { note } });
/** Calls the next level now. */
export const escalateIncident = (id: number, note: string): Promise<shape.Incident> =>
  call(incidentAt(id, '/escalate'), shape.incident, { method: 'POST', body: { note } });
export const noteIncident = (id: number, note: string): Promise<shape.Incident> =>
  call(incidentAt(id, '/notes'), shape.incident, { method: 'POST', body: { text: note } });
/** Into the timeline and to the channels; 0 minutes: the usual time until the next. */
export const updateIncident = (id: number, said: string, nextMinutes: number): Promise<shape.Incident> =>
  call(incidentAt(id, '/updates'), shape.incident, { method: 'POST', body: nextMinutes === 0 ? { text: said } : { text: said, next_minutes: nextMinutes } });
export const getPostmortem = (id: number): Promise<string> => call(incidentAt(id, '/postmortem'), text);
