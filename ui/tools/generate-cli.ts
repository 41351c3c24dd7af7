/** npm run generate -- FILE: FILE is what the daemon answers to GET /openapi.json. */
import { readFileSync, writeFileSync } from 'node:fs';

import { typesOf } from './generate';

const file = process.argv[process.argv.length - 1];
if (file?.endsWith('.json') !== true) throw new Error('usage: npm run generate -- openapi.json');
const document: unknown = JSON.parse(readFileSync(file, 'utf8'));
writeFileSync(new URL('../src/contract/types.gen.ts', import.meta.url), typesOf(document));
