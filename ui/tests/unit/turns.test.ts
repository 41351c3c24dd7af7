import { expect, test } from 'vitest';

import { createTurns } from '@/stores/turns';

test('an answer that comes after that to a later question is not used', () => {
  const turns = createTurns();
  const [first, second, third] = [turns.next(), turns.next(), turns.next()];
  expect(turns.take(second)).toBe(true);
  expect(turns.take(first)).toBe(false);
  expect(turns.take(third)).toBe(true);
});
