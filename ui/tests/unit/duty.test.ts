import { describe, expect, test } from 'vitest';

import { alert as parseAlert, incident as parseIncident, type Alert, type Incident } from '@/contract/incidents';
import { message } from '@/contract/message';
import { mayAcknowledge, needsOf, onTheWay, toneOfAlert, withAlert, withIncident } from '@/domain/duty';
import { apply, NOTHING, withHistory } from '@/domain/live';
import { storyOf } from '@/domain/story';
import { filled, usualTemplate } from '@/domain/templates';

const AT = '2026-11-22T02:10:00Z';
const NOW = Date.parse(AT);
const nameOf = (id: string): string => (id === 'redis' ? 'Redis Service' : id);

const alertJson = (change: object = {}): object => ({
  id: 12, service: 'redis', host: null, class: 'availability', detail: null, dedup_key: 'resus/here/redis/availability/1', state: 'firing', severity: 'P1', cause: 'crashed',
  summary: 'The process was killed.', sent: true, channels: ['pager'], began_at: AT, ended_at: null, acknowledged_by: null, acknowledged_at: null, ...change,
});
const incidentJson = (change: object = {}): object => ({
  id: 3, service: 'redis', host: null, status: 'investigating', severity: 'P1', worst_severity: 'P1', cause: 'crashed', commander: null, acknowledged_by: null, escalation: 'calling',
  opened_at: AT, mitigated_at: null, resolved_at: null, closed_at: null, update_due_at: '2026-11-22T02:25:00Z', response_due_at: null, responded_at: null, response_missed: false, resolution_due_at: null, resolution_missed: false, war_room: null, window: null, title: 'The process was killed.', impact: null, summary: null,
  root_cause: null, resolution: null, preventive_measures: null, ...change,
});
const alert = (change: object = {}): Alert => parseAlert(alertJson(change));
const incident = (change: object = {}): Incident => parseIncident(incidentJson(change));
const texts = (alerts: Alert[], incidents: Incident[], now = NOW): string[] => needsOf(alerts, incidents, 'ops@example.org', now, nameOf).map(({ text }) => text);

describe('what is open', () => {
  test('takes what a message says of an alert, newest first, and drops what is over', () => {
    const open = withAlert(withAlert([], alert()), alert({ id: 13 }));
    expect(open.map(({ id }) => id)).toEqual([13, 12]);
    expect(withAlert(open, alert({ state: 'clearing' })).map(({ state }) => state)).toEqual(['firing', 'clearing']);
    expect(withAlert(open, alert({ state: 'resolved' })).map(({ id }) => id)).toEqual([13]);
    expect(withAlert([], alert({ state: 'resolved' }))).toEqual([]);
  });
  test('keeps an incident until it is resolved', () => {
    const open = withIncident([], incident());
    expect(withIncident(open, incident({ status: 'mitigated' }))).toHaveLength(1);
    expect(withIncident(open, incident({ status: 'resolved' }))).toEqual([]);
  });
});

describe('the bell', () => {
  test('is quiet when there is nothing to do', () => {
    expect(texts([alert({ acknowledged_by: 'x@example.org' }), alert({ state: 'pending' }), alert({ state: 'clearing' })], [incident(), incident({ commander: 'x@example.org' })])).toEqual([]);
  });
  test('has alerts without an answer and the incidents that the reader commands', () => {
    expect(texts([alert(), alert({ id: 13, state: 'flapping', severity: 'P3', service: null, host: 'db-1' })], [incident({ commander: 'ops@example.org' })])).toEqual([
      'P1 alert of Redis Service has no answer',
      'You command incident 3',
      'P3 alert of db-1 has no answer',
    ]);
  });
  test('says that an update is due, to the commander and where there is no commander', () => {
    const due = Date.parse('2026-11-22T02:25:00Z');
    expect(texts([], [incident()], due - 300_001)).toEqual([]);
    expect(texts([], [incident()], due - 300_000)).toEqual(['Incident 3: a status update is due soon']);
    expect(texts([], [incident({ commander: 'ops@example.org' })], due)).toEqual(['Incident 3: the status update is late']);
    expect(texts([], [incident({ commander: 'x@example.org' })], due)).toEqual([]);
  });
});

describe('an alert', () => {
  test('has the colour of its state and severity', () => {
    expect([alert(), alert({ severity: 'P3' }), alert({ state: 'pending' }), alert({ state: 'resolved' })].map(toneOfAlert)).toEqual(['critical', 'degraded', 'progress', 'healthy']);
  });
  test('is acknowledged once, and while it is open', () => {
    expect([alert(), alert({ state: 'pending' }), alert({ acknowledged_by: 'x' }), alert({ state: 'resolved' })].map(mayAcknowledge)).toEqual([true, true, false, false]);
  });
  test('is asked for again while a message of it is on its way', () => {
    const delivery = { id: 1, message: 1, channel: 'pager', kind: 'trigger', state: 'waiting', attempts: 1, code: 500, receipt: null, error: 'x', at: AT, next_attempt_at: AT };
    const own = { service: null };
    expect(onTheWay(alert(own), NOW + 59_000)).toBe(true);
    expect(onTheWay(alert(own), NOW + 60_000)).toBe(false);
    expect(onTheWay(alert({ ...own, deliveries: [{ ...delivery, state: 'sending' }] }), NOW + 60_000)).toBe(true);
    expect(onTheWay(alert({ ...own, deliveries: [{ ...delivery, state: 'dead' }] }), NOW + 60_000)).toBe(false);
  });
  test('of a service is asked for again only while a message is on its way: an event says that all have arrived', () => {
    const delivery = { id: 1, message: 1, channel: 'pager', kind: 'trigger', state: 'waiting', attempts: 1, code: 500, receipt: null, error: 'x', at: AT, next_attempt_at: AT };
    expect(onTheWay(alert(), NOW)).toBe(false);
    expect(onTheWay(alert({ deliveries: [delivery] }), NOW + 60_000)).toBe(true);
    expect(onTheWay(alert({ deliveries: [{ ...delivery, state: 'delivered' }] }), NOW)).toBe(false);
  });
});

describe('among the events', () => {
  const said = (seq: number, body: object): NonNullable<ReturnType<typeof message>> => message({ service: 'redis', timestamp: AT, seq, message: 'x', ...body })!;
  const all = [
    said(1, { type: 'alert', alert: alertJson() }),
    said(2, { type: 'incident', incident: incidentJson() }),
    said(3, { type: 'incident', incident: incidentJson({ commander: 'ops@example.org' }) }),
    said(4, { type: 'alert', alert: alertJson({ state: 'clearing' }) }),
    said(5, { type: 'alert', alert: alertJson() }),
    said(6, { type: 'incident', incident: incidentJson({ status: 'mitigated' }) }),
  ];
  test('each change of state is one line, and an entry of a timeline is none', () => {
    const live = all.reduce((before, one) => apply(before, one, NOW), NOTHING);
    expect(live.events.map(({ seq }) => seq)).toEqual([6, 5, 4, 2, 1]);
    expect(storyOf(live.events[0]!)).toMatchObject({ kind: 'alerts', text: 'Incident 3 (P1) mitigated: The process was killed.', tone: 'progress' });
    expect(storyOf(live.events[1]!)).toMatchObject({ kind: 'alerts', text: 'Alert 12 (P1) firing: The process was killed.', tone: 'critical' });
  });
  test('stored ones are the same lines', () => {
    const stored = all.filter((one) => one.type !== 'resync').reverse();
    expect(withHistory(NOTHING, stored).events.map(({ seq }) => seq)).toEqual([6, 5, 4, 2, 1]);
  });
});

describe('the templates of the runbook', () => {
  const timeline = [
    { seq: 1, at: AT, kind: 'note', actor: 'ops@example.org', text: 'Restarted it by hand.' },
    { seq: 2, at: AT, kind: 'update', actor: 'ops@example.org', text: 'It is back.' },
  ];
  test('are filled with what is known, and say what is not', () => {
    expect(filled('initial', incident({ commander: 'ops@example.org' }), 'Redis Service', NOW, '')).toBe(
      'INCIDENT ALERT - Redis Service P1\n\nSeverity: P1\nService: Redis Service\nStatus: Investigating\nDetected: 2026-11-22 02:10 UTC\nImpact: not known yet\n\n' +
        'Current Status:\nThe process was killed.\n\nActions Taken:\nnot known yet\n\nNext Update: 2026-11-22 02:25 UTC\n\nIncident Commander: ops@example.org',
    );
    const update = filled('update', incident({ timeline }), 'Redis Service', NOW, '');
    expect(update).toContain('Incident: 3\nTime: 2026-11-22 02:10 UTC\nStatus: Investigating\n\nProgress:\nIt is back.\n\nCurrent Work:\nRestarted it by hand.');
  });
  test('end with the length, the cause and the way to the post-mortem', () => {
    const over = filled('resolution', incident({ status: 'resolved', resolved_at: '2026-11-22T03:15:30Z', root_cause: 'No memory.' }), 'Redis Service', NOW, 'https://resus/incidents/3');
    for (const part of ['Duration: 1h 5m', 'Root Cause:\nNo memory.', 'Summary:\nnot known yet', 'Post-Mortem: https://resus/incidents/3']) expect(over).toContain(part);
  });
  test('follow the course of an incident', () => {
    expect([incident(), incident({ timeline }), incident({ status: 'resolved', timeline })].map(usualTemplate)).toEqual(['initial', 'update', 'resolution']);
  });
});
