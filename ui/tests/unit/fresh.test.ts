import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { effectScope, nextTick, ref, type EffectScope } from 'vue';

import { ApiError } from '@/api/http';
import { useFresh, type Fresh, type FreshOptions } from '@/composables/useFresh';

/** Questions that are answered when the test says so. */
let questions: { readonly key: string; answer(value: number): Promise<void>; refuse(error: Error): Promise<void> }[];
let scope: EffectScope;

function fresh(key: () => string, options: FreshOptions<number> = {}): Fresh<number> {
  const get = (asked: string): Promise<number> =>
    new Promise((done, fail) => {
      const settled = (settle: () => void): Promise<void> => {
        settle();
        return new Promise((next) => setImmediate(next));
      };
      questions.push({ key: asked, answer: (value) => settled(() => done(value)), refuse: (error) => settled(() => fail(error)) });
    });
  return scope.run(() => useFresh(key, get, options))!;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  questions = [];
  scope = effectScope();
});
afterEach(() => {
  scope.stop();
  vi.useRealTimers();
});

describe('something that is kept fresh', () => {
  test('is asked for at once, and again when something was heard and now and then', async () => {
    const heard = ref(0);
    const { item } = fresh(() => 'a', { heard: () => heard.value });
    await questions[0]!.answer(1);
    expect(item.value).toBe(1);
    heard.value++;
    await nextTick();
    vi.advanceTimersByTime(30_000);
    expect(questions).toHaveLength(3);
  });
  test('shows the newest answer only, whichever comes last', async () => {
    const { item, load } = fresh(() => 'a');
    void load();
    await questions[1]!.answer(2);
    await questions[0]!.answer(1);
    expect(item.value).toBe(2);
  });
  test('takes what an order answered for newer than what was on its way', async () => {
    const { item, set } = fresh(() => 'a');
    set(5);
    await questions[0]!.answer(1);
    expect(item.value).toBe(5);
  });
  test('forgets the thing before when it is about another', async () => {
    const key = ref('a');
    const { item } = fresh(() => key.value);
    await questions[0]!.answer(1);
    key.value = 'b';
    await nextTick();
    expect(item.value).toBeNull();
    expect(questions.map((question) => question.key)).toEqual(['a', 'b']);
  });
  test('keeps what is shown when it cannot be read again, and says why', async () => {
    const { item, problem, load } = fresh(() => 'a');
    await questions[0]!.answer(1);
    void load();
    await questions[1]!.refuse(new ApiError(500, 'x', 'x', 'The disk is gone.'));
    expect([item.value, problem.value]).toEqual([1, 'The disk is gone.']);
    void load();
    await questions[2]!.answer(2);
    expect([item.value, problem.value]).toEqual([2, null]);
  });
  test('is asked for soon while it moves, and not when it rests or nobody looks', async () => {
    const { item } = fresh(() => 'a', { moving: (value) => value > 0 });
    await questions[0]!.answer(1);
    vi.advanceTimersByTime(2_000);
    expect(questions).toHaveLength(2);
    await questions[1]!.answer(0);
    expect(item.value).toBe(0);
    vi.advanceTimersByTime(6_000);
    expect(questions).toHaveLength(2);
    scope.stop();
    vi.advanceTimersByTime(60_000);
    expect(questions).toHaveLength(2);
  });
});
