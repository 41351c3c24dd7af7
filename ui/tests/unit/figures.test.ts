import { describe, expect, test } from 'vitest';

import { metrics, type LevelsWindow } from '@/contract/metrics';
import { auditPage } from '@/contract/people';
import { eventList } from '@/contract/message';
import { csvOf, dayEdge, jsonLinesOf } from '@/domain/audit';
import { byFigure } from '@/domain/figures';
import { summaryOf, thinned, topOf } from '@/domain/graph';
import { levelCells } from '@/domain/levels';
import { recoveryAt, recoveryFigures } from '@/domain/recoveries';
import { sparkLine } from '@/domain/spark';
import { byDay, storyOf, type Story } from '@/domain/story';

import audit from '../fixtures/audit.json';
import events from '../fixtures/events.json';

const point = (at: number, value: number | null): { at: number; value: number | null } => ({ at, value });

describe('a small curve', () => {
  test('leaves a gap where nothing was measured', () => {
    const { line } = sparkLine([point(0, 1), point(1, 1), point(2, null), point(3, 1), point(4, 1)], 100, 20);
    expect(line.match(/M/g)).toHaveLength(2);
  });
  test('draws the limit only when the curve comes near it', () => {
    expect(sparkLine([point(0, 1), point(1, 1)], 100, 20, 100).limitY).toBeNull();
    expect(sparkLine([point(0, 80), point(1, 90)], 100, 20, 100).limitY).not.toBeNull();
  });
  test('that is too short to be one is not drawn', () => {
    expect(sparkLine([point(0, null), point(9_800, 1), point(10_000, 2)], 100, 20).line).toBe('');
  });
  test('of nothing is nothing', () => {
    expect(sparkLine([], 100, 20).line).toBe('');
    expect(sparkLine([point(0, null)], 100, 20).line).toBe('');
    expect(sparkLine([point(0, 0), point(1, 0)], 100, 20).line).toBe('M0 19L100 19');
  });
});

describe('series', () => {
  const answer = { step_seconds: 30, times: [100, 130], series: { memory_bytes: { unit: 'bytes', values: [1048576, null] }, errors_per_second: { unit: '1/s', min: [0, 0], mean: [0.5, 1], max: [1, 2] } }, outages: [{ began: '2026-11-22T19:19:40Z', ended: null, cause: 'crashed' }], states: { up: [1, 1], down: [0, 0], planned: [0, 0] } };
  test('come in the units that people read', () => {
    const found = byFigure(metrics(answer));
    expect(found['memory_mb']).toEqual([point(100_000, 1), point(130_000, null)]);
    expect(found['errors_per_hour']?.map((sample) => sample.value)).toEqual([1800, 3600]);
    expect(found['cpu_percent']).toEqual([]);
  });
  test('show their last, lowest and highest, and are thinned for a table', () => {
    const samples = [5, 1, 9, 4].map((value, at) => point(at, value));
    expect(summaryOf(samples)).toEqual({ last: 4, low: 1, high: 9 });
    expect(summaryOf([point(1, null)])).toBeNull();
    expect(thinned(samples, 2)).toHaveLength(2);
    expect(topOf(90, [100])).toBeCloseTo(110);
    expect(topOf(1, [100])).toBeCloseTo(1.1);
  });
});

describe('service levels', () => {
  const counted = { percent: null, state: 'unknown', count: 0, within: 0, longest_seconds: null } as const;
  const span = (state: LevelsWindow['availability']['state'], outages: number): LevelsWindow => ({
    days: 1,
    since: 0,
    availability: { target_percent: 99.9, percent: 99.5, state, up_seconds: 119.4, down_seconds: 0.6, planned_seconds: 0, budget_minutes: 0, budget_left_minutes: 0 },
    response_time: { target_ms: 5, target_percent: 99, percent: 100, state: 'met', pings: 120 },
    automatic_recovery: { target_seconds: 30, ...counted },
    manual_recovery: { target_seconds: 300, ...counted },
    outages,
    longest_outage_seconds: null,
  });
  test('say so where there is too little history to judge', () => {
    const [availability, budget] = levelCells(span('unknown', 1));
    expect(availability).toMatchObject({ state: 'unknown', value: '99.5 %', note: '1 outage, 600 ms; too little history yet (2m 0s)' });
    expect(budget).toMatchObject({ state: 'unknown', value: '–' });
    expect(levelCells(span('unknown', 0))[0]?.note).toBe('too little history yet (2m 0s)');
  });
  test('that were missed are told with what missed them', () => {
    expect(levelCells(span('missed', 2))[0]).toMatchObject({ state: 'missed', note: '2 outages, 600 ms' });
  });
});

describe('what happened', () => {
  const stories = eventList(events).map(storyOf).filter((story): story is Story => story !== null);
  test('is told in sentences with who and how long', () => {
    expect(stories.find((story) => story.kind === 'operations' && story.took !== '')).toMatchObject({ text: 'Redis service restarted successfully', who: 'root', took: '133 ms', tone: 'healthy' });
    expect(stories.some((story) => story.kind === 'recoveries' && story.who === 'Resus')).toBe(true);
  });
  test('stands under its day', () => {
    expect(byDay(stories, stories[0]!.at)).toHaveLength(1);
  });
});

describe('recovery figures', () => {
  const item = (id: string, started_at: number, result: string, recovery_level: string): Parameters<typeof recoveryFigures>[0][number] => ({ id, service: 'redis', started_at, duration_seconds: 2, cause: 'crashed', recovery_level, result, attempts: 1, stored: true, message: '' });
  test('are count, rate, mean time and most common level', () => {
    const now = 10 * 86_400_000;
    expect(recoveryFigures([item('a', now - 1, 'success', 'hard'), item('b', now - 2 * 86_400_000, 'failed', 'hard')], now)).toEqual({ lastDay: 1, successRate: 0.5, meanSeconds: 2, commonLevel: 'hard', bySystemd: 0 });
    expect(recoveryFigures([], now)).toEqual({ lastDay: 0, successRate: null, meanSeconds: null, commonLevel: null, bySystemd: 0 });
  });
  test('do not count what systemd healed by itself', () => {
    const now = 10 * 86_400_000;
    const healed = { ...item('s', now - 1, 'by_systemd', 'hard'), recovery_level: null, attempts: 0, duration_seconds: 0.4 };
    expect(recoveryFigures([item('a', now - 1, 'success', 'hard'), healed], now)).toEqual({ lastDay: 1, successRate: 1, meanSeconds: 2, commonLevel: 'hard', bySystemd: 1 });
    expect(recoveryAt([item('a', now - 10, 'success', 'hard'), healed], now)?.id).toBe('a');
  });
});

describe('the audit export', () => {
  const lines = auditPage(audit).items;
  test('is a table that a spreadsheet reads, without formulas', () => {
    const evil = { ...lines[0]!, reason: '=HYPERLINK("x")', source_ip: 'a,"b"' };
    const row = csvOf([evil]).split('\r\n')[1]!;
    expect(row).toContain(`"'=HYPERLINK(""x"")"`);
    expect(row).toContain('"a,""b"""');
  });
  test('is one JSON object a line', () => {
    const rows = jsonLinesOf(lines).trimEnd().split('\n');
    expect(rows).toHaveLength(lines.length);
    expect(JSON.parse(rows[0]!)).toMatchObject({ operation: 'restart', timestamp: '2026-11-22T19:19:40.000Z' });
  });
  test('takes a day from its start to its end', () => {
    expect(dayEdge('', false)).toBeUndefined();
    expect(dayEdge('nonsense', false)).toBeUndefined();
    expect(Date.parse(dayEdge('2026-11-22', true)!) - Date.parse(dayEdge('2026-11-22', false)!)).toBe(86_399_000);
  });
});
