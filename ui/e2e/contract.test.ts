import { readFileSync } from 'node:fs';

import { expect, inject, test } from 'vitest';

import { typesOf } from '../tools/generate';

import { ask } from './daemon';

test('the types are those of the daemon that runs (npm run generate writes them again)', async () => {
  const { body } = await ask(inject('served'), 'GET', '/openapi.json');
  expect(readFileSync(new URL('../src/contract/types.gen.ts', import.meta.url), 'utf8')).toBe(typesOf(body));
});
