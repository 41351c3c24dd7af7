/** Service levels as a person reads them: per span a cell for each promise. */
import type { LevelsWindow } from '@/contract/metrics';
import { words } from '@/i18n';

import { durationText, tookText } from './duration';

export interface LevelCell {
  readonly label: string;
  readonly state: LevelsWindow['availability']['state'];
  readonly value: string;
  readonly note: string;
}
const say = words.pages.levels;

/** Downwards, so that 99.9 % is never claimed for 99.89. */
const exact = (percent: number | null): string => (percent === null ? '–' : `${String(Math.floor(percent * 1000) / 1000)} %`);

const inTime = (label: string, of: LevelsWindow['automatic_recovery']): LevelCell => ({
  label,
  state: of.state,
  value: of.count === 0 ? say.none : exact(of.percent),
  note: of.count === 0 ? '' : say.inTime(of.within, of.count, of.longest_seconds === null ? '–' : tookText(of.longest_seconds)),
});

function availabilityNote({ availability, outages }: LevelsWindow): string {
  const told = say.outages(outages, tookText(availability.down_seconds));
  if (availability.state !== 'unknown') return told;
  const young = say.young(durationText(availability.up_seconds + availability.down_seconds));
  return outages === 0 ? young : `${told}; ${young}`;
}

export function levelCells(of: LevelsWindow): LevelCell[] {
  const { availability, response_time: response } = of;
  return [
    { label: say.availability(availability.target_percent), state: availability.state, value: exact(availability.percent), note: availabilityNote(of) },
    availability.state === 'unknown'
      ? { label: say.budget, state: 'unknown', value: '–', note: '' }
      : { label: say.budget, state: availability.state, value: say.minutes(availability.budget_left_minutes), note: say.ofBudget(say.minutes(availability.budget_minutes)) },
    { label: say.response(response.target_ms), state: response.state, value: exact(response.percent), note: say.pings(response.pings) },
    inTime(say.automatic(of.automatic_recovery.target_seconds), of.automatic_recovery),
    inTime(say.manual(of.manual_recovery.target_seconds / 60), of.manual_recovery),
  ];
}
