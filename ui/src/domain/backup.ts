/** What backups are worth, what is wrong with them, and how much room they take. Pure. */
import type { Backup, BackupDrill, BackupDrilling, BackupJob, BackupLast, BackupPlace, BackupSource, BackupStatus } from '@/contract/backups';
import { words } from '@/i18n';

import type { Tone } from './badge';
import { agoText, spanText, tookText } from './duration';
import { bytesText } from './figure';

const say = words.backups;
const DAY_MS = 86_400_000;

/* ── one backup ── */

export const STATES = ['proved', 'not_proved', 'suspicious', 'bad'] as const;
export type BackupState = (typeof STATES)[number];

export function stateOf(backup: Pick<Backup, 'check_result' | 'suspicious' | 'proved'>): BackupState {
  if (backup.check_result === 'bad') return 'bad';
  if (backup.suspicious.length > 0) return 'suspicious';
  return backup.proved === 'loaded' ? 'proved' : 'not_proved';
}
export const TONES: Readonly<Record<BackupState, Tone>> = { proved: 'healthy', not_proved: 'unknown', suspicious: 'degraded', bad: 'critical' };

/** May a person say that fewer data were meant? Not of other counts than the server's. */
export const isAcceptable = (backup: Backup): boolean => stateOf(backup) === 'suspicious' && !backup.suspicious.includes('outside_live');
export const isPinned = (backup: Backup, now: number): boolean => backup.pinned_until !== null && backup.pinned_until > now;
/** Why it cannot be removed; null: it can. */
export function keptBecause(backup: Backup, now: number): string | null {
  if (isPinned(backup, now)) return say.pinnedFirst;
  return backup.kept_by.includes('minimum') ? say.oneOfMinimum : null;
}
/** What is known of it beyond its state: why it is not proved, what makes it suspicious. */
export function explained(backup: Backup): string[] {
  const state = stateOf(backup);
  const found = backup.suspicious.map((word) => say.suspicions[word] ?? word);
  if (state !== 'proved' && backup.check_text !== null) found.push(backup.check_text);
  return found;
}
export const sourceText = (source: BackupSource | null): string =>
  source === null ? '' : say.source(say.servers[source.server] ?? source.server, source.version, say.roles[source.role] ?? source.role, source.address);
export const takenText = ({ started_at: from, finished_at: until }: Backup): string =>
  from === null || until === null ? '' : tookText(Math.max(1, (until - from) / 1000));
export const copiesText = (backup: Backup): string => backup.copies.map(({ target, state }) => say.copyAt(target, say.copyStates[state])).join(', ');
export const keptText = (backup: Backup): string => backup.kept_by.map((rule) => say.rules[rule] ?? rule).join(', ');

/* ── the backups of a service ── */

/** The worst first. */
export const CARES = ['never', 'overdue', 'failed', 'doubtful', 'unplanned', 'well'] as const;
export type Care = (typeof CARES)[number];

/** The newest one is suspicious, bad or not proved: what it would be worth is not known. */
const isDoubtful = ({ last_at: at, last_proved_at: proved }: BackupStatus): boolean => at !== null && proved !== null && at > proved;

export function careOf(status: BackupStatus): Care {
  if (status.last_proved_at === null) return 'never';
  if (status.overdue) return 'overdue';
  if (status.failure !== null || status.problem !== null) return 'failed';
  if (isDoubtful(status)) return 'doubtful';
  return status.schedule === null ? 'unplanned' : 'well';
}
export const CARE_TONES: Readonly<Record<Care, Tone>> = { never: 'critical', overdue: 'critical', failed: 'degraded', doubtful: 'degraded', unplanned: 'unknown', well: 'healthy' };

/** Nothing is scheduled and nothing is there: it was never set up. */
export const isUnused = (status: BackupStatus): boolean => status.schedule === null && status.count === 0;
export const toneOfBackups = (status: BackupStatus): Tone => (isUnused(status) ? 'unknown' : CARE_TONES[careOf(status)]);

/** Within the same care the one that would lose most; those that nobody has set up come after those that should have one. */
export function worstFirst(all: readonly BackupStatus[]): BackupStatus[] {
  const rank = (status: BackupStatus): number => CARES.indexOf(careOf(status)) * 2 + Number(isUnused(status));
  return [...all].sort((a, b) => rank(a) - rank(b) || (a.last_proved_at ?? 0) - (b.last_proved_at ?? 0) || a.service.localeCompare(b.service));
}

/** What would be gone if the data were lost now. */
export function lossText(status: BackupStatus, now: number): string {
  if (status.last_proved_at !== null) return say.loss(spanText(now - status.last_proved_at));
  return status.count === 0 ? say.lossAll : say.lossUnproved(status.count);
}

/** How long a restore took in the newest drill that passed. */
export function backText({ drill: { passed } }: BackupStatus, now: number): string {
  if (passed === null || passed.rto_seconds === null) return say.backUnknown;
  return say.backIn(tookText(passed.rto_seconds), agoText(now - passed.ended_at));
}
export const isPassed = ({ result }: Pick<BackupDrill, 'result'>): boolean => result === 'good';
/** When the next one comes. */
export function drillPlanText({ every_seconds: every, overdue }: BackupDrilling): string {
  if (every === null) return say.drillByHand;
  return `${say.drillWhen(spanText(every * 1000))}${overdue ? ` ${say.drillOverdue}` : ''}`;
}

export interface Trouble {
  readonly text: string;
  /** What to do about it; empty when the text says it. */
  readonly remedy: string;
}
/** Messages of the daemon are the end of a sentence. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  // A name, a path or an address keeps its first letter.
  const begun = /^[a-z]+[ ,:;]/.test(trimmed) ? trimmed.charAt(0).toUpperCase() + trimmed.slice(1) : trimmed;
  // A command at its end is copied as it stands.
  return /[.!?]$|\brun(?: on Redis)?: [^.]*$/i.test(begun) ? begun : `${begun}.`;
}
/** The newest attempt that failed, else what the daemon finds wrong. */
export function troubleOf(status: BackupStatus): Trouble | null {
  const { failure, problem } = status;
  if (failure !== null) return { text: sentence(failure.message === '' ? say.results[failure.result] : failure.message), remedy: say.remedies[failure.cause ?? ''] ?? '' };
  if (problem !== null) return { text: sentence(problem), remedy: '' };
  return isDoubtful(status) ? { text: say.doubtful, remedy: say.doubtfulRemedy } : null;
}

export const toneOfResult: Readonly<Record<BackupLast['result'], Tone>> = {
  proved: 'healthy', good: 'healthy', done: 'healthy', not_proved: 'degraded', cannot_tell: 'degraded', suspicious: 'degraded', cancelled: 'degraded', bad: 'critical', failed: 'critical',
};

export const PLACE_TONES: Readonly<Record<BackupPlace['state'], Tone>> = { up_to_date: 'healthy', waiting: 'degraded', copying: 'progress', failing: 'critical' };
/** What is missing at a place and why, after its state. */
export const placeTexts = ({ waiting, problem, note }: BackupPlace): string[] =>
  [waiting > 0 ? say.placeWaits(waiting) : '', sentence(problem ?? ''), sentence(note ?? '')].filter((text) => text !== '');

/* ── a task that runs ── */

export interface Progress {
  readonly text: string;
  /** 0 to 1; null: how long it takes is not known. */
  readonly part: number | null;
}
/** `expected`: bytes of the backup before, 0 when there is none. When the data have grown since, nothing says how much is left. */
export function progressOf(job: BackupJob, expected: number): Progress {
  if (job.stage === 'waiting') return { text: say.waitsFor(job.waits_for ?? say.itsTurn), part: null };
  if (job.stage !== 'pulling') return { text: say.stages[job.stage] ?? job.stage, part: null };
  if (job.bytes === 0) return { text: say.forking, part: null };
  if (job.bytes >= expected) return { text: say.copied(bytesText(job.bytes)), part: null };
  return { text: say.copiedOf(bytesText(job.bytes), bytesText(expected)), part: job.bytes / expected };
}

/* ── room ── */

export interface Room {
  /** So many more of the newest one's size; null when the free space is not known, or nothing was made yet. */
  readonly more: number | null;
  /** Until the disk is full when none is removed; null when nothing says how often they come. */
  readonly lastsMs: number | null;
  /** How much larger than the oldest that is shown the newest is, per cent; null when they are of about one time. */
  readonly grownPercent: number | null;
  readonly grownOverMs: number;
}

function middle(values: readonly number[]): number | null {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;
}

/** Those that say something of the next one; not one of an empty Redis. */
const sound = (backups: readonly Backup[]): (Backup & { started_at: number })[] =>
  backups.filter((backup): backup is Backup & { started_at: number } => backup.started_at !== null && backup.bytes > 0 && stateOf(backup) !== 'bad' && stateOf(backup) !== 'suspicious');
/** Bytes of the next one, as far as the last one says; 0: nothing does. `backups` newest first. */
export const expectedBytes = (backups: readonly Backup[]): number => sound(backups)[0]?.bytes ?? 0;

/** `backups` newest first. */
export function roomOf(backups: readonly Backup[], freeBytes: number | null): Room {
  const good = sound(backups);
  const [newest, oldest] = [good[0], good[good.length - 1]];
  const planned = good.filter(({ kind }) => kind === 'daily').map(({ started_at: at }) => at);
  const gap = middle(planned.slice(1).map((at, i) => (planned[i] ?? at) - at));
  const more = freeBytes === null || newest === undefined ? null : Math.floor(freeBytes / newest.bytes);
  const apart = newest === undefined || oldest === undefined ? 0 : newest.started_at - oldest.started_at;
  return {
    more,
    lastsMs: more === null || gap === null ? null : more * gap,
    grownPercent: apart < DAY_MS || newest === undefined || oldest === undefined ? null : Math.round((newest.bytes / oldest.bytes - 1) * 100),
    grownOverMs: apart,
  };
}
/** Under a week is time to act. */
export const SHORT_MS = 7 * DAY_MS;
const LONG_MS = 3650 * DAY_MS;

export function roomTexts(room: Room): string[] {
  const texts: string[] = [];
  if (room.more !== null) texts.push(say.roomFor(room.more));
  if (room.lastsMs !== null) texts.push(room.lastsMs > LONG_MS ? say.roomLong : say.roomLasts(spanText(room.lastsMs)));
  if (room.grownPercent !== null) texts.push(say.grown(room.grownPercent, spanText(room.grownOverMs)));
  return texts;
}
