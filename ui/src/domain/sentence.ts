import type { Health, RunningOperation, Status } from '@/contract/service';
import { words } from '@/i18n';

import { ageMs, type Live } from './live';
import { agoText, durationText } from './duration';
import { latencyText } from './figure';

const say = words.service;
const BEYOND = ['restart_useless', 'restart_harmful'];
const UNGUARDED = ['breaker_open', 'attempts_exhausted', 'maintenance', 'cannot_act'];

function stoppedBy(status: Status, now: number): string[] {
  if (status.stopped_at === undefined) return [];
  const ago = agoText(now - status.stopped_at);
  if (status.stopped_by === undefined) return [say.sentence.stoppedOnPurpose(ago)];
  return [
    status.stop_reason === undefined
      ? say.sentence.stoppedBy(status.stopped_by, ago)
      : say.sentence.stoppedFor(status.stopped_by, ago, status.stop_reason),
  ];
}

const ended = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Its settings cannot be used: nothing is known of it, and nothing is done. */
export const isMisconfigured = (health: Health | null): boolean => health?.cause?.code === 'misconfigured';

/** Is it all right? One or two sentences beside the badge. */
export function answerOf(live: Live, stale: boolean, now: number): string {
  const { status, health } = live;
  if (status === null) return say.sentence.notChecked;
  const there = now + live.skewMs;
  if (stale) return say.sentence.stale(durationText((ageMs(live, now) ?? 0) / 1000));
  const said: string[] = [];
  const stopped = status.status === 'stopped' || status.status === 'failed' ? stoppedBy(status, there) : [];
  if (status.overall_status === 'unknown') said.push(say.sentence.cannotTell);
  if (stopped.length > 0) said.push(...stopped);
  else if (health?.cause !== undefined && health.cause.code !== 'ok') {
    said.push(ended(health.cause.summary));
    if (health.cause.since !== null) said.push(say.sentence.since(durationText((there - health.cause.since) / 1000)));
  } else if (health?.response_time_ms !== undefined && health.connectivity === true)
    said.push(say.sentence.answering(latencyText(health.response_time_ms)));
  if (status.uptime_seconds !== undefined && status.overall_status === 'healthy')
    said.push(say.sentence.up(durationText(status.uptime_seconds)));
  return said.join(' ');
}

export function operationText(operation: RunningOperation): string {
  const verb = say.verbs[operation.operation] ?? operation.operation;
  const phase = operation.phase === undefined ? undefined : say.phases[operation.phase];
  return phase === undefined
    ? say.doing.operationPlain(operation.user, verb)
    : say.doing.operation(operation.user, verb, phase);
}

function withheldText(health: Health): string | null {
  const withheld = health.auto_recovery?.withheld;
  if (withheld === undefined || withheld === null) return null;
  return say.doing.withheld(withheld.text);
}

/** Why the next failure would not be treated. */
function unguardedText(health: Health): string | null {
  const withheld = health.auto_recovery?.withheld;
  if (withheld === undefined || withheld === null || !UNGUARDED.includes(withheld.reason_code)) return null;
  return say.doing.unguarded(withheld.text);
}

/** A cause that is beyond recovery: it never tried. */
function beyondText(health: Health): string | null {
  const withheld = health.auto_recovery?.withheld;
  if (withheld === undefined || withheld === null || health.auto_recovery?.attempts !== 0 || !BEYOND.includes(withheld.reason_code)) return null;
  return say.doing.beyond(withheld.text);
}

/** How long until the next step; empty when none is due. It counts, so it is no part of what is read out. */
export function countdownOf(live: Live, now: number): string {
  const recovery = live.health?.auto_recovery;
  if (recovery?.state !== 'waiting' || recovery.next_step_at === undefined || live.status?.operation !== undefined) return '';
  const seconds = Math.ceil((recovery.next_step_at - now - live.skewMs) / 1000);
  return seconds > 0 ? say.doing.toGo(durationText(seconds)) : '';
}

/** What is Resus doing about it? */
export function doingOf(live: Live, clock: (at: number) => string): string {
  const { status, health } = live;
  if (status?.operation !== undefined) return operationText(status.operation);
  const recovery = health?.auto_recovery;
  if (health === null || recovery === undefined) return '';
  if (isMisconfigured(health)) return say.doing.misconfigured;
  switch (recovery.state) {
    case 'recovering':
      return say.doing.recovering(Math.max(1, recovery.attempts), recovery.max_attempts);
    case 'waiting':
      if (recovery.next_step_at !== undefined)
        return recovery.phase === 'grace' ? say.doing.starts(clock(recovery.next_step_at)) : say.doing.nextAt(clock(recovery.next_step_at));
      return recovery.next_step_in_seconds === undefined
        ? say.doing.waitingPlain
        : say.doing.waiting(durationText(recovery.next_step_in_seconds));
    case 'failed':
      return unguardedText(health) ?? beyondText(health) ?? say.doing.failed;
    case 'confirming':
      return (health.cause?.code === 'stopped_on_purpose' ? withheldText(health) : null) ?? say.doing.confirming;
    case 'succeeded':
      return say.doing.succeeded;
    case 'paused':
      return recovery.paused_until === undefined ? say.doing.pausedPlain : say.doing.paused(clock(recovery.paused_until));
    case 'disabled':
      return say.doing.disabled;
    case 'monitoring':
      if (health.overall_status !== 'healthy') return withheldText(health) ?? say.doing.watching;
      return unguardedText(health) ?? say.doing.nothing;
  }
}

/** The line of the recovery panel that the guide calls Status. */
export function recoveryStatusText(recovery: NonNullable<Health['auto_recovery']>): string {
  const say2 = words.service.recovery;
  const idle = recovery.state === 'monitoring' || recovery.state === 'succeeded';
  if (idle && recovery.recovery_status === 'success' && recovery.recovery_level !== null)
    return say2.success(words.levels[recovery.recovery_level]);
  if (recovery.requires_manual_intervention) return say2.states.failed;
  if (idle && recovery.recovery_status === 'failed') return say2.failedPlain;
  return say2.states[recovery.state];
}
