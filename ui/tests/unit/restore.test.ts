import { describe, expect, test } from 'vitest';

import { backup as parseBackup, type Backup } from '@/contract/backups';
import { restore as parseRestore, restorePlan as parsePlan, type Restore, type RestorePlan } from '@/contract/restores';
import { canCancel, choosable, firstChoice, isOpen, methodText, optionText, planFacts, pouredPart, RESTORE_TONES, restoreLine, stageText } from '@/domain/restore';

const restore = (change: object): Restore =>
  parseRestore({
    number: 3, service: 'redis', source: 'redis', backup: '20261129T023000Z', method: 'file', state: 'running', stage: 'guarding', message: null, can_resume: false, can_undo: false, keys: 200, restored: 0, kept: 0,
    safety_backup: null, user: 'alice', began_at: '2026-11-29T12:00:00Z', ended_at: null, ...change,
  }, 'restore');
const plan = (change: object): RestorePlan =>
  parsePlan({
    service: 'redis', backup: '20261129T023000Z', method: 'file', method_reason: null, mode: 'exact', allowed: true, blockers: [], warnings: [], keys: 1200, keys_now: 3, bytes: 5, memory_bytes: null, downtime_seconds: 3.4, safety_backup: true, ...change,
  }, 'plan');
const backup = (id: string, change: object = {}): Backup =>
  parseBackup({
    id, kind: 'daily', reason: null, by: null, source: null, started_at: '2026-11-29T02:30:00Z', finished_at: null, bytes: 1, keys: 1200, proved: 'loaded', latest: false, checked_at: null, check_result: 'good', check_text: null,
    suspicious: [], accepted_at: null, pinned_until: null, kept_by: [], sealed: false, copies: [], folder: '/f', ...change,
  }, 'backup');

describe('a restore', () => {
  test('can be cancelled before data are touched, and by keys at any time', () => {
    for (const stage of ['guarding', 'staging', 'opening', 'copying', 'pouring']) expect(canCancel(restore({ stage }))).toBe(true);
    for (const stage of ['stopping', 'placing', 'starting', 'proving', 'undoing', 'detaching']) expect(canCancel(restore({ stage }))).toBe(false);
    expect(canCancel(restore({ state: 'done', stage: null }))).toBe(false);
  });
  test('is open while it runs or waits for a person', () => {
    expect(['running', 'held', 'needs_human', 'done', 'undone', 'failed', 'cancelled', 'interrupted'].filter((state) => isOpen(restore({ state })))).toEqual(['running', 'held', 'needs_human']);
    expect(RESTORE_TONES.held).toBe('critical');
  });
  test('says what it does, also with a word of a newer daemon', () => {
    expect(stageText(restore({ stage: 'placing' }))).toBe('Exchanging the files.');
    expect(stageText(restore({ stage: 'waltzing' }))).toBe('waltzing');
    expect(stageText(restore({ stage: null }))).toBe('');
    expect(methodText('keys')).toBe('Key by key');
  });
  test('has a share only while keys are copied', () => {
    expect(pouredPart(restore({ stage: 'pouring', restored: 40, kept: 10 }))).toBe(0.25);
    expect(pouredPart(restore({ stage: 'pouring', restored: 900 }))).toBe(1);
    expect(pouredPart(restore({ stage: 'pouring', keys: null }))).toBeNull();
    expect(pouredPart(restore({ stage: 'loading' }))).toBeNull();
  });
});

describe('a choice', () => {
  test('is the newest good one, and never a damaged one', () => {
    const list = [backup('c', { suspicious: ['now_empty'] }), backup('b', { check_result: 'bad' }), backup('a', { latest: true })];
    expect(firstChoice(list)?.id).toBe('a');
    expect(firstChoice(list.slice(0, 2))?.id).toBe('c');
    expect(firstChoice([])).toBeNull();
    expect(choosable(list).map(({ id }) => id)).toEqual(['c', 'a']);
    expect(optionText(list[0]!)).toContain('1,200 keys, suspicious');
  });
});

describe('a line', () => {
  test('says all that was chosen, quoted for a shell', () => {
    expect(restoreLine('redis', 'b', {}, 'redis')).toBe('resus restore redis b --confirm redis');
    expect(restoreLine('redis', 'b', { method: 'keys', mode: 'missing', to: 'other', db: 0, match: "a'b*" }, 'other')).toBe(
      String.raw`resus restore redis b --method keys --to other --mode missing --db 0 --match 'a'\''b*' --confirm other`);
  });
});

describe('a plan', () => {
  test('says what changes, for how long, and what is kept', () => {
    const facts = Object.fromEntries(planFacts(plan({})));
    expect(Object.fromEntries(planFacts(plan({ method_reason: 'Because.' })))['Method']).toBe('By file. Because.');
    expect(facts).toMatchObject({ 'Keys now': '3', 'Keys of the backup': '1,200', 'Method': 'By file', 'Safety backup': 'of the data in use, before anything is changed' });
    const keys = Object.fromEntries(planFacts(plan({ method: 'keys', keys_now: null, safety_backup: false })));
    expect(keys).toMatchObject({ 'Keys now': 'not known', 'Method': 'Key by key', 'Without answers for about': 'Redis goes on serving', 'Safety backup': 'none: Redis does not answer' });
  });
});
