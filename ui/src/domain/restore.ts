/** What a restore would do, how far one is, and what can be ordered about it. Pure. */
import type { Backup } from '@/contract/backups';
import type { Restore, RestoreChoice, RestorePlan } from '@/contract/restores';
import { words } from '@/i18n';

import { stateOf } from './backup';
import type { Tone } from './badge';
import { exactText, tookText } from './duration';
import { wholeText } from './figure';

const say = words.restores;

export const RESTORE_TONES: Readonly<Record<Restore['state'], Tone>> = {
  running: 'progress', held: 'critical', needs_human: 'critical', done: 'healthy', undone: 'degraded', failed: 'critical', cancelled: 'degraded', interrupted: 'degraded',
};
/** One that is over is told for as long as it can be undone, and else not at the top of the page. */
export const isOpen = ({ state }: Restore): boolean => state === 'running' || state === 'held' || state === 'needs_human';
/** Before data are touched; while they are copied at any time. */
const CANCELLABLE = ['planned', 'guarding', 'waiting', 'opening', 'checking', 'staging', 'loading', 'copying', 'pouring'];
export const canCancel = ({ state, stage }: Restore): boolean => state === 'running' && stage !== null && CANCELLABLE.includes(stage);

export const methodText = (method: Restore['method']): string => say.hows[method];
export const stageText = ({ stage }: Restore): string => (stage === null ? '' : (say.stages[stage] ?? stage));
/** Of the keys, 0 to 1; null: there is nothing to count. */
export function pouredPart({ stage, keys, restored, kept }: Restore): number | null {
  return stage === 'pouring' && keys !== null && keys > 0 ? Math.min(1, (restored + kept) / keys) : null;
}

/** The newest one that a server has loaded, else the newest at all. */
export function firstChoice(backups: readonly Backup[]): Backup | null {
  return backups.find(({ latest }) => latest) ?? backups.find((backup) => stateOf(backup) !== 'bad') ?? null;
}
export const choosable = (backups: readonly Backup[]): Backup[] => backups.filter((backup) => stateOf(backup) !== 'bad');
export const optionText = (backup: Backup): string =>
  say.option(backup.started_at === null ? backup.id : exactText(backup.started_at), wholeText(backup.keys), words.backups.states[stateOf(backup)]);

/** The same by the command line. */
export function restoreLine(id: string, backup: string, choice: RestoreChoice, target: string): string {
  const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
  const said: [string, string | undefined][] = [
    ['--method', choice.method], ['--to', choice.to], ['--mode', choice.mode], ['--db', choice.db?.toString()],
    ['--match', choice.match === undefined ? undefined : quoted(choice.match)], ['--confirm', target],
  ];
  return [`resus restore ${id} ${backup}`, ...said.filter(([, value]) => value !== undefined).map(([option, value]) => `${option} ${value ?? ''}`)].join(' ');
}

export function planFacts(plan: RestorePlan): [string, string][] {
  const count = (n: number | null): string => (n === null ? say.unknown : wholeText(n));
  const facts: [string, string][] = [
    [say.how, plan.method_reason === null ? methodText(plan.method) : say.because(methodText(plan.method), plan.method_reason)],
    [say.keysNow, count(plan.keys_now)],
    [say.keysThen, count(plan.keys)],
    [say.downtime, plan.method === 'keys' ? say.downtimeNone : plan.downtime_seconds === null ? say.unknown : tookText(plan.downtime_seconds)],
    [say.safety, plan.safety_backup ? say.safetyYes : say.safetyNo],
  ];
  return facts;
}
