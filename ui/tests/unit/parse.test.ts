import { describe, expect, test } from 'vitest';

import { followedLine } from '@/contract/message';
import { boolean, either, list, Mismatch, nullable, number, object, oneOf, optional, text, time } from '@/contract/parse';

const shape = object({ name: text, age: optional(number), when: nullable(time) });

describe('a message from outside', () => {
  test('is taken when it fits, and only its known members are kept', () => {
    expect(shape({ name: 'a', age: 3, when: '2025-10-10T14:30:00Z', more: 1 })).toEqual({ name: 'a', age: 3, when: Date.parse('2025-10-10T14:30:00Z') });
  });
  test('may leave out what is optional; null counts as left out', () => {
    expect(shape({ name: 'a', when: null })).toEqual({ name: 'a', when: null });
    expect('age' in shape({ name: 'a', age: null, when: null })).toBe(false);
  });
  test.each([
    [{ when: null }, 'name should be a text, but is missing'],
    [{ name: 1, when: null }, 'name should be a text, but is number 1'],
    [{ name: 'a', age: 'x', when: null }, 'age should be a number'],
    [{ name: 'a', when: 'yesterday' }, 'when should be a time'],
    [null, 'the message should be an object, but is null'],
    [[], 'the message should be an object, but is a list'],
    ['text', 'the message should be an object'],
  ])('that does not fit is refused with its place: %j', (value, said) => {
    expect(() => shape(value)).toThrow(Mismatch);
    expect(() => shape(value)).toThrow(said);
  });
  test('names the place within lists', () => {
    expect(() => list(object({ on: boolean }))([{ on: true }, { on: 'no' }])).toThrow('[1].on should be true or false');
  });
  test('has one of the known words, or is refused', () => {
    expect(oneOf('a', 'b')('b')).toBe('b');
    expect(() => oneOf('a', 'b')('c')).toThrow('one of a, b');
  });
  test('may be of either of two kinds', () => {
    expect(either(number, text)('x')).toBe('x');
    expect(() => either(number, text)(true)).toThrow(Mismatch);
  });
  test('takes no NaN and no infinity for a number', () => {
    expect(() => number(Number.NaN)).toThrow(Mismatch);
    expect(() => number(Number.POSITIVE_INFINITY)).toThrow(Mismatch);
  });
});

describe('a line of a log', () => {
  const line = { timestamp: '2025-10-10T14:30:00Z', level: 'info', message: 'hello' };
  test('that is followed keeps the mark of a time whose zone is not known', () => {
    expect(followedLine({ ...line, zone_assumed: true })).toMatchObject({ message: 'hello', zone_assumed: true });
    expect(followedLine(line)).not.toHaveProperty('zone_assumed');
  });
});
