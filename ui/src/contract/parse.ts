/**
 * Small checks that turn foreign JSON into typed values, or say where it does not fit.
 * Members that a check does not name are dropped: what is not checked cannot be used by accident.
 */

export class Mismatch extends Error {
  constructor(
    readonly path: string,
    readonly expected: string,
    readonly found: unknown,
  ) {
    super(`${path || 'the message'} should be ${expected}, but is ${describe(found)}`);
    this.name = 'Mismatch';
  }
}

export type Check<T> = (value: unknown, path?: string) => T;
export interface Optional<T> {
  readonly optional: Check<T>;
}
export type Checked<C> = C extends Check<infer T> ? T : never;

type Shape = Record<string, Check<unknown> | Optional<unknown>>;
type OptionalKeys<S extends Shape> = { [K in keyof S]: S[K] extends Optional<unknown> ? K : never }[keyof S];
type ShapeOf<S extends Shape> = {
  [K in Exclude<keyof S, OptionalKeys<S>>]: S[K] extends Check<infer T> ? T : never;
} & { [K in OptionalKeys<S>]?: S[K] extends Optional<infer T> ? T : never };
type Flat<T> = { [K in keyof T]: T[K] };

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return `${typeof value} ${JSON.stringify(value).slice(0, 40)}`;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const text: Check<string> = (value, path = '') => {
  if (typeof value !== 'string') throw new Mismatch(path, 'a text', value);
  return value;
};

export const number: Check<number> = (value, path = '') => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Mismatch(path, 'a number', value);
  return value;
};

export const boolean: Check<boolean> = (value, path = '') => {
  if (typeof value !== 'boolean') throw new Mismatch(path, 'true or false', value);
  return value;
};

/** A time on the wire; kept as milliseconds since 1970, because that is what every use of it needs. */
export const time: Check<number> = (value, path = '') => {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw new Mismatch(path, 'a time', value);
  return at;
};

export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value, path = '') => (value === null ? null : check(value, path));
}

/** May be absent; an explicit null counts as absent, too. */
export function optional<T>(check: Check<T>): Optional<T> {
  return { optional: check };
}

export function oneOf<const W extends readonly string[]>(...words: W): Check<W[number]> {
  return (value, path = '') => {
    const word = words.find((w) => w === value);
    if (word === undefined) throw new Mismatch(path, `one of ${words.join(', ')}`, value);
    return word;
  };
}

export function list<T>(check: Check<T>): Check<T[]> {
  return (value, path = '') => {
    if (!Array.isArray(value)) throw new Mismatch(path, 'a list', value);
    return value.map((item: unknown, index) => check(item, `${path}[${index}]`));
  };
}

export function record<T>(check: Check<T>): Check<Record<string, T>> {
  return (value, path = '') => {
    if (!isObject(value)) throw new Mismatch(path, 'an object', value);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, check(item, `${path}.${key}`)]));
  };
}

export function either<A, B>(first: Check<A>, second: Check<B>): Check<A | B> {
  return (value, path = '') => {
    try {
      return first(value, path);
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      return second(value, path);
    }
  };
}

export function object<S extends Shape>(shape: S): Check<Flat<ShapeOf<S>>> {
  const members = Object.entries(shape);
  return (value, path = '') => {
    if (!isObject(value)) throw new Mismatch(path, 'an object', value);
    const result: Record<string, unknown> = {};
    for (const [key, member] of members) {
      const at = path === '' ? key : `${path}.${key}`;
      const found = value[key];
      if (typeof member === 'function') result[key] = member(found, at);
      else if (found !== undefined && found !== null) result[key] = member.optional(found, at);
    }
    // The loop above filled exactly the members of the shape, each through its own check.
    return result as Flat<ShapeOf<S>>;
  };
}
