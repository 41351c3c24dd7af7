/** Series for graphs (contract section 4, B8): one list of moments, and per figure a value for each of them. */
import { either, list, nullable, number, object, optional, record, text, time, type Check } from './parse';

export interface Sample {
  readonly at: number;
  readonly value: number | null;
}
export interface Outage {
  readonly from: number;
  readonly to: number | null;
  readonly cause: string;
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

const answer = object({
  step_seconds: number,
  times: list(moment),
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
