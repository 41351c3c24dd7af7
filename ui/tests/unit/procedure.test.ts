import { describe, expect, test } from 'vitest';

import { procedure as parse, type Procedure } from '@/contract/procedures';
import { factsOf, isBad, isOver, isWorking, orderText, titleOf, toneOf } from '@/domain/procedure';

const procedure = (change: object = {}): Procedure => parse({
  number: 3, service: 'redis', kind: 'config', phase: 'ready', text: null, notes: null, name: 'maxmemory', value: '4gb', before: '0', after: null, written: false, server: 'redis', from: '7.0.15', to: null,
  safety: '20261129T023000Z', rehearsed: false, user: 'a@example.org', started_at: '2026-11-29T02:30:00Z', ended_at: null, watched_until: null, orders: ['go', 'cancel'], checklist: [], steps: [], way_back: [], ...change,
});

describe('a procedure', () => {
  test('is named by what it changes', () => {
    expect(titleOf(procedure())).toBe('Setting 3: maxmemory = 4gb');
    expect(titleOf(procedure({ kind: 'update', name: null, value: null }))).toBe('Update 3');
  });
  test('says what each order means where it stands', () => {
    expect(orderText(procedure(), 'go')).toBe('Set it');
    expect(orderText(procedure({ kind: 'update' }), 'go')).toBe('It is installed');
    expect(orderText(procedure({ phase: 'watching' }), 'accept')).toBe('End the watch');
    expect(orderText(procedure({ phase: 'needs_human' }), 'accept')).toBe('Go on all the same');
  });
  test('is at work, over, bad or none of these', () => {
    expect(isWorking(procedure({ phase: 'rehearsing' })) && !isWorking(procedure())).toBe(true);
    expect(isOver(procedure({ phase: 'undone' })) && !isOver(procedure({ phase: 'watching' }))).toBe(true);
    expect([toneOf(procedure({ phase: 'needs_human' })), toneOf(procedure({ phase: 'done' })), toneOf(procedure()), toneOf(procedure({ phase: 'watching' }))]).toEqual(['critical', 'healthy', 'unknown', 'progress']);
    expect(isBad(procedure({ phase: 'blocked' })) && !isBad(procedure())).toBe(true);
  });
  test('shows the value of before, and that an update was not rehearsed', () => {
    expect(factsOf(procedure()).map(({ name, text }) => `${name}: ${text}`)).toEqual(['Before: 0', 'Safety backup: 20261129T023000Z']);
    expect(factsOf(procedure({ kind: 'update' })).map(({ text }) => text)).toContain('not rehearsed');
  });
});
