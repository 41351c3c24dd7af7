import { words } from '@/i18n';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "1d 4h 32m", "4h 2m", "32m 5s", "12s": the largest unit and at most two below it, as the guide writes an uptime. */
export function durationText(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const d = Math.floor(s / DAY);
  const h = Math.floor((s % DAY) / HOUR);
  const m = Math.floor((s % HOUR) / MINUTE);
  if (d > 0) return `${d}d ${h}h ${m}m`;
  if (h > 0) return `${h}h ${m}m`;
  if (m > 0) return `${m}m ${s % MINUTE}s`;
  return `${s}s`;
}

/** How long something took: no more digits than mean something. */
export function tookText(seconds: number): string {
  if (seconds < 0.001) return '< 1 ms';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${seconds.toFixed(seconds % 1 === 0 ? 0 : 1)} s`;
  return durationText(seconds);
}

/** "2s ago": for ages that count on the screen. */
export function ageText(ms: number): string {
  return words.time.ago(durationText(ms / 1000).split(' ').slice(0, 2).join(' '));
}

/** "2 minutes ago": for sentences. */
export function agoText(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 5) return words.time.justNow;
  if (s < MINUTE) return words.time.ago(words.time.second(s));
  if (s < HOUR) return words.time.ago(words.time.minute(Math.floor(s / MINUTE)));
  if (s < DAY) return words.time.ago(words.time.hour(Math.floor(s / HOUR)));
  return words.time.ago(words.time.day(Math.floor(s / DAY)));
}

/** Made when it is needed first: each costs milliseconds, and the first page needs few of them. */
function formatter(options: Intl.DateTimeFormatOptions): (at: number) => string {
  let made: Intl.DateTimeFormat | null = null;
  return (at) => (made ??= new Intl.DateTimeFormat(undefined, options)).format(at);
}

export const clockText = formatter({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
export const exactText = formatter({ dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });
const day = formatter({ weekday: 'long', day: 'numeric', month: 'long' });
export const isoText = (at: number): string => new Date(at).toISOString();

const minute = formatter({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const date = formatter({ day: 'numeric', month: 'short' });
const DAY_MS = DAY * 1000;

/** A tick of a time axis: the hour within a day, the date beyond it. */
export function axisText(at: number, spanMs: number): string {
  return spanMs <= 2 * DAY_MS ? minute(at) : date(at);
}

const moment = formatter({ weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
/** A time that is to come: "02:00" on the same day, "Sun, Dec 6, 02:00" on another. */
export function whenText(at: number, now: number): string {
  return new Date(at).toDateString() === new Date(now).toDateString() ? minute(at) : moment(at);
}
export const momentText = (at: number): string => moment(at);
export const dateText = (at: number): string => date(at);
export const minuteText = (at: number): string => minute(at);
/** "2h", "1h 30m", "5m": a length without the units that are zero. */
export const lengthText = (seconds: number): string => durationText(seconds).replace(/\b0[hms]\b/g, '').replace(/\s+/g, ' ').trim() || '0s';

/** "Today", "Yesterday", or the day. */
export function dayText(at: number, now: number): string {
  const start = new Date(now).setHours(0, 0, 0, 0);
  if (at >= start) return words.time.today;
  if (at >= new Date(start - 1).setHours(0, 0, 0, 0)) return words.time.yesterday;
  return day(at);
}

const YEAR = 365 * DAY;
const MONTH = YEAR / 12;
/** For sentences, the two largest units: "7 hours 12 minutes", "3 days"; beyond a quarter of a year months, then years. */
export function spanText(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const { second, minute: minutes, hour, day: days, month, year } = words.time;
  if (s < MINUTE) return second(s);
  if (s >= 2 * YEAR) return year(Math.floor(s / YEAR));
  if (s >= YEAR / 4) return month(Math.floor(s / MONTH));
  const two = (large: string, small: number, text: (n: number) => string): string => (small === 0 ? large : `${large} ${text(small)}`);
  if (s < HOUR) return minutes(Math.floor(s / MINUTE));
  if (s < DAY) return two(hour(Math.floor(s / HOUR)), Math.floor((s % HOUR) / MINUTE), minutes);
  return s < 14 * DAY ? two(days(Math.floor(s / DAY)), Math.floor((s % DAY) / HOUR), hour) : days(Math.floor(s / DAY));
}
