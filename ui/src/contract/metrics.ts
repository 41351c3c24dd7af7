/** Series for graphs: one list of moments, and per figure a value for each of them. */
import { either, list, nullable, number, object, oneOf, optional, record, text, time, type Check, type Checked } from './parse';

export interface Sample {
  readonly at: number;
  readonly value: number | null;
}
export interface Outage {
  readonly from: number;
  readonly to: number | null;
  readonly cause: string;
}
/** Seconds of each step in each state; null where nothing is known. */
export interface States {
  readonly up: readonly (number | null)[];
  readonly down: readonly (number | null)[];
  readonly planned: readonly (number | null)[];
}
export interface Metrics {
  readonly stepSeconds: number;
  readonly series: Readonly<Record<string, readonly Sample[]>>;
  readonly outages: readonly Outage[];
}

const moment: Check<number> = (value, path) => (typeof value === 'number' ? value * 1000 : time(value, path));
const values = list(nullable(number));
const spread = object({ unit: optional(text), mean: values, max: values });
const single = object({ unit: optional(text), values });

export const answer = object({
  step_seconds: number,
  times: list(moment),
  states: object({ up: values, down: values, planned: values }),
  series: record(either(single, spread)),
  outages: optional(list(object({ began: time, ended: optional(time), cause: optional(text) }))),
});

export const metrics: Check<Metrics> = (value, path) => {
  const found = answer(value, path);
  const series: Record<string, Sample[]> = {};
  for (const [key, one] of Object.entries(found.series)) {
    const column = 'values' in one ? one.values : one.mean;
    series[key] = found.times.map((at, index) => ({ at, value: column[index] ?? null }));
  }
  return {
    stepSeconds: found.step_seconds,
    series,
    outages: (found.outages ?? []).map((item) => ({ from: item.began, to: item.ended ?? null, cause: item.cause ?? '' })),
  };
};

const state = oneOf('met', 'missed', 'unknown');
const within = object({ target_seconds: number, percent: nullable(number), state, count: number, within: number, longest_seconds: nullable(number) });

/** The states alone. */
export const statesOf: Check<States> = (value, path) => answer(value, path).states;

/** What was promised, and what was measured over one span. */
export const levelsWindow = object({
  days: number,
  since: nullable(time),
  availability: object({
    target_percent: number,
    percent: nullable(number),
    state,
    up_seconds: number,
    down_seconds: number,
    planned_seconds: number,
    budget_minutes: number,
    budget_left_minutes: number,
  }),
  response_time: object({ target_ms: number, target_percent: number, percent: nullable(number), state, pings: number }),
  automatic_recovery: within,
  manual_recovery: within,
  outages: number,
  longest_outage_seconds: nullable(number),
});
export const serviceLevels = object({ service: text, until: time, windows: list(levelsWindow) });

export type MetricsAnswer = Checked<typeof answer>;
export type LevelsWindow = Checked<typeof levelsWindow>;
export type ServiceLevels = Checked<typeof serviceLevels>;
