/** Days and dates of maintenance windows. Local time: it is when people are there. Pure. */
import type { Impact, MaintenanceWindow } from '@/contract/maintenance';

import type { Tone } from './badge';
import { isoText } from './duration';

export const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
export const NTHS = ['first', 'second', 'third', 'fourth', 'last'] as const;
export type Day = (typeof DAYS)[number];
export type Nth = (typeof NTHS)[number];

export interface Rule {
  readonly repeat: 'once' | 'weekly' | 'monthly';
  /** Of the one window: 2026-12-06. */
  readonly date: string;
  readonly day: Day;
  readonly nth: Nth;
  /** 02:00 */
  readonly time: string;
  readonly minutes: number;
}

export const isOver = (window: MaintenanceWindow): boolean => window.state === 'ended' || window.state === 'cancelled';
export const isHeld = (window: MaintenanceWindow): boolean => window.state === 'open' || window.state === 'verifying';
export const mayStillChange = (window: MaintenanceWindow): boolean => window.state === 'planned' || window.state === 'announced';

export function toneOfWindow(window: MaintenanceWindow): Tone {
  if (window.state === 'open') return 'degraded';
  if (window.state === 'verifying') return 'progress';
  if (window.state === 'ended') return window.verified === 'not_well' ? 'critical' : window.verified === 'well' ? 'healthy' : 'unknown';
  return 'unknown';
}

/** Monday is 0. */
const weekday = (date: Date): number => (date.getDay() + 6) % 7;
const startOfDay = (at: number): Date => new Date(new Date(at).setHours(0, 0, 0, 0));
/** By the calendar, not by hours: a day on which clocks change is a day, too. */
const plusDays = (date: Date, days: number): Date => new Date(date.getFullYear(), date.getMonth(), date.getDate() + days);

export interface CalendarDay {
  readonly at: number;
  readonly today: boolean;
  readonly past: boolean;
  readonly windows: readonly MaintenanceWindow[];
}

/** Whole weeks from the present one on; a window stands on every day that it touches. */
export function weeksOf(windows: readonly MaintenanceWindow[], now: number, weeks: number): CalendarDay[][] {
  const today = startOfDay(now);
  const monday = plusDays(today, -weekday(today));
  const shown = windows.filter((window) => window.state !== 'cancelled');
  return Array.from({ length: weeks }, (_, week) =>
    Array.from({ length: 7 }, (_unused, day) => {
      const from = plusDays(monday, week * 7 + day);
      const until = plusDays(from, 1).getTime();
      return {
        at: from.getTime(),
        today: from.getTime() === today.getTime(),
        past: from.getTime() < today.getTime(),
        windows: shown.filter((window) => window.starts_at < until && window.ends_at > from.getTime()),
      };
    }),
  );
}

function nthOf(year: number, month: number, nth: Nth, day: Day): Date {
  const wanted = DAYS.indexOf(day);
  if (nth === 'last') {
    const end = new Date(year, month + 1, 0);
    return plusDays(end, -((weekday(end) - wanted + 7) % 7));
  }
  const first = new Date(year, month, 1);
  return plusDays(first, ((wanted - weekday(first) + 7) % 7) + 7 * NTHS.indexOf(nth));
}

function at(day: Date, time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate(), hours, minutes).getTime();
}

/** The next starts of a rule after `now`, `count` of them; a single date has one, and none when it is over or not a date. */
export function startsOf(rule: Rule, count: number, now: number): number[] {
  if (!/^\d\d:\d\d$/.test(rule.time)) return [];
  if (rule.repeat === 'once') {
    const [year, month, day] = rule.date.split('-').map(Number);
    if (year === undefined || month === undefined || day === undefined || Number.isNaN(year + month + day)) return [];
    return [at(new Date(year, month - 1, day), rule.time)].filter((start) => start > now);
  }
  const today = startOfDay(now);
  const found: number[] = [];
  for (let i = 0; found.length < count; i++) {
    const day =
      rule.repeat === 'weekly'
        ? plusDays(today, ((DAYS.indexOf(rule.day) - weekday(today) + 7) % 7) + 7 * i)
        : nthOf(today.getFullYear(), today.getMonth() + i, rule.nth, rule.day);
    const start = at(day, rule.time);
    if (start > now) found.push(start);
  }
  return found;
}

function endOf(rule: Rule): string {
  const [hours = 0, minutes = 0] = rule.time.split(':').map(Number);
  const whole = hours * 60 + minutes + rule.minutes;
  if (whole === 24 * 60) return '24:00';
  const end = whole % (24 * 60);
  return `${String(Math.floor(end / 60)).padStart(2, '0')}:${String(end % 60).padStart(2, '0')}`;
}

/** The lines for the settings file that make a window repeat without end. */
export function settingsOf(rule: Rule, title: string, services: readonly string[], zone: string): string {
  const name = title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') || rule.repeat;
  const day = rule.repeat === 'monthly' ? `${rule.nth} ${rule.day}` : rule.day;
  const only = services.includes('*') ? '' : `, services: [${services.join(', ')}]`;
  return `maintenance:
  timezone: ${zone}
  windows:
    - {name: ${name}, when: "${day} ${rule.time}-${endOf(rule)}"${only}}`;
}

/** One item a line; blank lines do not count. */
export const itemsOf = (text: string): string[] => text.split('\n').map((line) => line.trim()).filter((line) => line !== '');

/** A window as a form has it: local texts. */
export interface WindowDraft {
  title: string;
  date: string;
  time: string;
  minutes: number;
  impact: Impact;
  services: readonly string[];
}
const twoDigits = (n: number): string => String(n).padStart(2, '0');

export function draftOf(window: MaintenanceWindow): WindowDraft {
  const start = new Date(window.starts_at);
  return {
    title: window.title,
    date: `${start.getFullYear()}-${twoDigits(start.getMonth() + 1)}-${twoDigits(start.getDate())}`,
    time: `${twoDigits(start.getHours())}:${twoDigits(start.getMinutes())}`,
    minutes: window.duration_minutes,
    impact: window.impact,
    services: window.services,
  };
}

/** What a draft changes of a window, in the API's words; null when its start is no date, or over. Seconds that the form does not show stay. */
export function changesOf(
  window: MaintenanceWindow,
  draft: WindowDraft,
  now: number,
): { title?: string; starts_at?: string; duration_minutes?: number; impact?: Impact; services?: readonly string[] } | null {
  const was = draftOf(window);
  const moved = draft.date !== was.date || draft.time !== was.time;
  const [start] = moved ? startsOf({ repeat: 'once', day: 'Mon', nth: 'first', ...draft }, 1, now) : [window.starts_at];
  if (start === undefined) return null;
  return {
    ...(draft.title.trim() === was.title ? {} : { title: draft.title.trim() }),
    ...(moved ? { starts_at: isoText(start) } : {}),
    ...(draft.minutes === was.minutes ? {} : { duration_minutes: draft.minutes }),
    ...(draft.impact === was.impact ? {} : { impact: draft.impact }),
    ...([...draft.services].sort().join() === [...was.services].sort().join() ? {} : { services: [...draft.services] }),
  };
}
