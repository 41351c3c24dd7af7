import type { Alert, Incident } from '@/contract/incidents';
import type { Numbered } from '@/contract/message';
import { words } from '@/i18n';

import type { Tone } from './badge';
import { dayText, tookText } from './duration';
import { titleOf, toneOfAlert, toneOfIncident } from './duty';
import { isBackupEvent, NOTHING, withHistory } from './live';

/** One line of "what happened": a sentence, who did it, how long it took. */
export interface Story {
  readonly seq: number;
  readonly at: number;
  readonly tone: Tone;
  readonly kind: 'operations' | 'recoveries' | 'changes' | 'alerts' | 'notices';
  readonly text: string;
  readonly who: string;
  readonly took: string;
  /** A recovery: what was seen before it acted can be read. */
  readonly evidence?: boolean;
  /** Its id. */
  readonly service?: string;
}

const say = words.service;
const results = { started: 'progress', success: 'healthy', failure: 'critical' } as const;
const recoveryTones = { started: 'progress', success: 'healthy', failed: 'critical', skipped: 'unknown' } as const;

const alertText = ({ id, severity, state, summary }: Alert): string =>
  words.incidents.alertStory(id, severity, words.alerts.states[state].toLowerCase(), summary);
const incidentText = (incident: Incident): string =>
  words.incidents.story(incident.id, incident.severity, words.incidents.statuses[incident.status].toLowerCase(), titleOf(incident));

export function storyOf(message: Numbered): Story | null {
  const head = { seq: message.seq, at: message.timestamp };
  switch (message.type) {
    case 'service_event': {
      const verb = say.events[message.event] ?? message.event;
      const began = message.result === 'started';
      const backup = isBackupEvent(message);
      const told = message.message === undefined || message.message === '' ? '' : `: ${message.message}`;
      return {
        ...head,
        kind: 'operations',
        tone: results[message.result],
        // The message of an operation names it; that of a backup says only how it ended.
        text: began ? `${say.timeline.started(verb)}${backup ? '' : told}` : backup ? `${verb}${told}` : (message.message ?? verb),
        who: message.user ?? '',
        took: message.duration_seconds === undefined ? '' : tookText(message.duration_seconds),
      };
    }
    case 'auto_recovery':
      return {
        ...head,
        kind: 'recoveries',
        tone: recoveryTones[message.status],
        text: message.message,
        who: say.timeline.systemUser,
        took: '',
        evidence: true,
      };
    case 'service_status':
      return {
        ...head,
        kind: 'changes',
        tone: message.overall_status,
        text: say.timeline.became(
          message.overall_status === 'healthy' || words.overall[message.overall_status] === words.unit[message.status]
            ? words.overall[message.overall_status].toLowerCase()
            : `${words.overall[message.overall_status].toLowerCase()} (${words.unit[message.status].toLowerCase()})`,
        ),
        who: '',
        took: '',
      };
    case 'notice':
      return { ...head, kind: 'notices', tone: 'degraded', text: message.reason === undefined ? message.message : `${message.message} (${message.reason})`, who: message.user ?? '', took: '' };
    case 'alert':
      return { ...head, kind: 'alerts', tone: toneOfAlert(message.alert), text: alertText(message.alert), who: '', took: '' };
    case 'incident':
      return { ...head, kind: 'alerts', tone: toneOfIncident(message.incident), text: incidentText(message.incident), who: '', took: '' };
    default:
      return null;
  }
}

const isStory = (story: Story | null): story is Story => story !== null;
export const storiesOf = (events: readonly Numbered[]): Story[] => events.map(storyOf).filter(isStory);

/** Of all services, newest first: what repeats is left out for each of them, as on its own page. */
export function storiesOfAll(events: readonly Numbered[]): Story[] {
  const of = new Map<string, Numbered[]>();
  for (const event of events) of.set(event.service, [...(of.get(event.service) ?? []), event]);
  return [...of]
    .flatMap(([service, own]) => storiesOf(withHistory(NOTHING, own, own.length).events).map((story) => ({ ...story, service })))
    .sort((a, b) => b.at - a.at);
}

export interface Day {
  readonly name: string;
  readonly stories: readonly Story[];
}

/** Newest first, under the name of their day. */
export function byDay(stories: readonly Story[], now: number): Day[] {
  const days: { name: string; stories: Story[] }[] = [];
  for (const story of stories) {
    const name = dayText(story.at, now);
    const last = days[days.length - 1];
    if (last?.name === name) last.stories.push(story);
    else days.push({ name, stories: [story] });
  }
  return days;
}
