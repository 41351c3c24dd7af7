/** Guided procedures in words. Pure. */
import type { Order, Procedure } from '@/contract/procedures';
import { words } from '@/i18n';

import type { Tone } from './badge';

const say = words.procedures;
const WORKING: readonly Procedure['phase'][] = ['checking', 'guarding', 'rehearsing', 'applying', 'verifying', 'undoing'];

export const isOver = ({ phase }: Procedure): boolean => phase === 'done' || phase === 'undone' || phase === 'cancelled';
export const isBad = ({ phase }: Procedure): boolean => phase === 'blocked' || phase === 'needs_human';
/** Resus is at work in it. */
export const isWorking = ({ phase }: Procedure): boolean => WORKING.includes(phase);

export function toneOf(procedure: Procedure): Tone {
  if (procedure.phase === 'needs_human') return 'critical';
  if (procedure.phase === 'blocked') return 'degraded';
  if (procedure.phase === 'done') return 'healthy';
  return isWorking(procedure) || procedure.phase === 'watching' ? 'progress' : 'unknown';
}
export const titleOf = ({ kind, number, name, value }: Procedure): string => say.head(say.kinds[kind], number, name, value);

export function orderText(procedure: Procedure, order: Order): string {
  if (order === 'go') return say.goOf[procedure.kind];
  return order === 'accept' && procedure.phase === 'watching' ? say.endWatch : say.orders[order];
}

export interface Fact {
  readonly name: string;
  readonly text: string;
}
export function factsOf({ kind, before, after, from, to, safety, rehearsed }: Procedure): Fact[] {
  const facts: [string, string | null][] = kind === 'config'
    ? [[say.facts.before, before], [say.facts.after, after]]
    : [[say.facts.from, from], [say.facts.to, rehearsed ? to : say.notRehearsed]];
  return [...facts, [say.facts.safety, safety] as const].flatMap(([name, text]) => (text === null || text === '' ? [] : [{ name, text }]));
}
