import { describe, expect, test } from 'vitest';

import { maintenanceWindow, type MaintenanceWindow } from '@/contract/maintenance';
import { changesOf, draftOf, itemsOf, settingsOf, startsOf, weeksOf, type Rule } from '@/domain/calendar';
import { lengthText } from '@/domain/duration';

/** Local times throughout: the tests hold in every time zone. */
const at = (year: number, month: number, day: number, hour = 0, minute = 0): number => new Date(year, month - 1, day, hour, minute).getTime();
const NOW = at(2026, 11, 25, 12); // a Wednesday
const window = (starts: number, hours: number, change: object = {}): MaintenanceWindow =>
  maintenanceWindow({
    id: 1, title: 'kernel', window: null, state: 'planned', starts_at: new Date(starts).toISOString(), ends_at: new Date(starts + hours * 3_600_000).toISOString(), duration_minutes: hours * 60,
    services: ['*'], impact: 'outage', by_hand: true, planned_by: null, planned_at: new Date(NOW).toISOString(), opened_at: null, closed_at: null, verified: 'unverified', summary: null, ...change,
  });
const rule = (change: Partial<Rule>): Rule => ({ repeat: 'once', date: '2026-12-06', day: 'Sun', nth: 'first', time: '02:00', minutes: 120, ...change });
const days = (starts: number[]): string[] => starts.map((start) => new Date(start).toDateString());

describe('the weeks', () => {
  test('begin on Monday and mark today', () => {
    const weeks = weeksOf([], NOW, 5);
    expect(weeks.map((week) => week.length)).toEqual([7, 7, 7, 7, 7]);
    expect(weeks[0]![0]!.at).toBe(at(2026, 11, 23));
    expect(weeks[0]!.filter((day) => day.today).map((day) => day.at)).toEqual([at(2026, 11, 25)]);
    expect(weeks[0]!.filter((day) => day.past)).toHaveLength(2);
  });
  test('have a window on each day that it touches, and no cancelled one', () => {
    const touched = (one: MaintenanceWindow): string[] => weeksOf([one], NOW, 2).flat().filter((day) => day.windows.length > 0).map((day) => new Date(day.at).toDateString());
    expect(touched(window(at(2026, 11, 28, 22), 4))).toEqual(['Sat Nov 28 2026', 'Sun Nov 29 2026']);
    expect(touched(window(at(2026, 11, 28, 22), 2))).toEqual(['Sat Nov 28 2026']);
    expect(touched(window(at(2026, 11, 28, 22), 2, { state: 'cancelled' }))).toEqual([]);
  });
});

describe('the dates of a rule', () => {
  test('are one, or none when it is over or not a date yet', () => {
    expect(startsOf(rule({}), 4, NOW)).toEqual([at(2026, 12, 6, 2)]);
    expect(startsOf(rule({ date: '2026-11-25' }), 4, NOW)).toEqual([]);
    expect(startsOf(rule({ date: '' }), 4, NOW)).toEqual([]);
    expect(startsOf(rule({ time: '' }), 4, NOW)).toEqual([]);
  });
  test('of every week begin after now', () => {
    expect(days(startsOf(rule({ repeat: 'weekly' }), 2, NOW))).toEqual(['Sun Nov 29 2026', 'Sun Dec 06 2026']);
    expect(days(startsOf(rule({ repeat: 'weekly', day: 'Wed' }), 1, NOW))).toEqual(['Wed Dec 02 2026']);
    expect(days(startsOf(rule({ repeat: 'weekly', day: 'Wed', time: '13:00' }), 1, NOW))).toEqual(['Wed Nov 25 2026']);
  });
  test('of every month count from its beginning or its end', () => {
    expect(days(startsOf(rule({ repeat: 'monthly' }), 3, NOW))).toEqual(['Sun Dec 06 2026', 'Sun Jan 03 2027', 'Sun Feb 07 2027']);
    expect(days(startsOf(rule({ repeat: 'monthly', nth: 'last', day: 'Mon' }), 2, NOW))).toEqual(['Mon Nov 30 2026', 'Mon Dec 28 2026']);
    expect(days(startsOf(rule({ repeat: 'monthly', nth: 'fourth', day: 'Thu' }), 1, NOW))).toEqual(['Thu Nov 26 2026']);
  });
  test('keep the hour of the clock, also over a change of clocks', () => {
    for (const start of startsOf(rule({ repeat: 'weekly' }), 60, NOW)) expect([1, 2, 3]).toContain(new Date(start).getHours());
  });
});

test('the lines for the settings are those of the documents', () => {
  expect(settingsOf(rule({ repeat: 'monthly', time: '22:00', minutes: 240 }), 'Kernel update', ['cache', 'queue'], 'Europe/Berlin')).toBe(
    'maintenance:\n  timezone: Europe/Berlin\n  windows:\n    - {name: kernel-update, when: "first Sun 22:00-02:00", services: [cache, queue]}',
  );
  expect(settingsOf(rule({ repeat: 'weekly', time: '22:00' }), '', ['*'], 'UTC')).toContain('- {name: weekly, when: "Sun 22:00-24:00"}');
});

test('a checklist has an item for each line that is not blank', () => {
  expect(itemsOf(' backup \n\n  rollback\n')).toEqual(['backup', 'rollback']);
});

test('a length has no unit that is zero', () => {
  expect([7200, 5400, 300, 45, 86_400, 0].map(lengthText)).toEqual(['2h', '1h 30m', '5m', '45s', '1d', '0s']);
});

describe('a change', () => {
  const old = window(at(2026, 12, 6, 2) + 7000, 2);
  test('has only what differs', () => {
    const change = (draft: object): unknown => changesOf(old, { ...draftOf(old), ...draft }, NOW);
    expect(change({})).toEqual({});
    expect(change({ title: ' kernel ' })).toEqual({});
    expect(change({ title: 'disk', impact: 'degraded' })).toEqual({ title: 'disk', impact: 'degraded' });
    expect(change({ time: '03:30' })).toEqual({ starts_at: new Date(at(2026, 12, 6, 3, 30)).toISOString() });
    expect(change({ minutes: 240, services: ['redis'] })).toEqual({ duration_minutes: 240, services: ['redis'] });
  });
  test('to what is over is none', () => {
    expect(changesOf(old, { ...draftOf(old), date: '2026-11-24' }, NOW)).toBeNull();
    expect(changesOf(old, { ...draftOf(old), date: '' }, NOW)).toBeNull();
  });
});
