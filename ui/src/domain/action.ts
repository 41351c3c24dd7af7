import type { Role } from '@/contract/people';
import type { Status } from '@/contract/service';
import { words } from '@/i18n';

import { may } from './permission';

export const ACTIONS = ['start', 'restart', 'stop'] as const;
export type Action = (typeof ACTIONS)[number];

/**
 * `forbidden`: the role does not reach; the button stays focusable and tells who may.
 * `impossible`: the state does not allow it now; the button is disabled with the reason.
 */
export type Availability = { kind: 'ready' } | { kind: 'forbidden' } | { kind: 'impossible'; why: string };

function stateForbids(action: Action, status: Status, startsSoon: boolean): string | null {
  const say = words.service.why;
  const { operation } = status;
  if (operation !== undefined)
    return say.busy(operation.user, words.service.verbs[operation.operation] ?? operation.operation);
  if (action === 'start' && status.status === 'running' && status.overall_status !== 'critical') return say.startRunning;
  if (action === 'restart' && status.status === 'stopped') return say.restartStopped;
  if (action === 'stop' && status.status === 'stopped' && !startsSoon) return say.stopStopped;
  return null;
}

/** `startsSoon`: it was stopped by another hand and recovery will start it; a stop keeps it stopped. */
export function availability(action: Action, role: Role, status: Status | null, connected: boolean, startsSoon = false): Availability {
  if (!may(role, action)) return { kind: 'forbidden' };
  if (!connected || status === null) return { kind: 'impossible', why: words.service.why.disconnected };
  const why = stateForbids(action, status, startsSoon);
  return why === null ? { kind: 'ready' } : { kind: 'impossible', why };
}
