/** Turns the daemon's OpenAPI document into types: what is on the wire, member for member. */

type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function typeOf(schema: unknown): string {
  if (!isJson(schema)) return 'unknown';
  const ref = schema['$ref'];
  if (typeof ref === 'string') return ref.slice(ref.lastIndexOf('/') + 1);
  if (Array.isArray(schema['anyOf'])) return list(schema['anyOf']).map(typeOf).join(' | ');
  if (Array.isArray(schema['enum'])) return list(schema['enum']).map((word) => `'${String(word)}'`).join(' | ');
  switch (schema['type']) {
    case 'null':
      return 'null';
    case 'string':
      return schema['format'] === 'date-time' ? 'Time' : 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
      return `readonly (${typeOf(schema['items'])})[]`;
    case 'object':
      return isJson(schema['properties']) ? membersOf(schema) : `Readonly<Record<string, ${typeOf(schema['additionalProperties'])}>>`;
    default:
      return 'unknown';
  }
}

function membersOf(schema: Json): string {
  const required = new Set(list(schema['required']));
  const members = Object.entries(isJson(schema['properties']) ? schema['properties'] : {});
  return `{\n${members.map(([name, member]) => `  readonly ${name}${required.has(name) ? '' : '?'}: ${typeOf(member)};`).join('\n')}\n}`;
}

function operationsOf(document: Json): string {
  const rows: string[] = [];
  for (const [path, methods] of Object.entries(isJson(document['paths']) ? document['paths'] : {})) {
    for (const [method, operation] of Object.entries(isJson(methods) ? methods : {})) {
      if (!isJson(operation) || typeof operation['operationId'] !== 'string') continue;
      const budget = operation['x-budget-ms'];
      rows.push(`  ${operation['operationId']}: { method: '${method.toUpperCase()}', path: '${path}', least: '${String(operation['x-least-role'])}'${typeof budget === 'number' ? `, budgetMs: ${budget}` : ''} },`);
    }
  }
  return rows.join('\n');
}

export function typesOf(document: unknown): string {
  if (!isJson(document) || !isJson(document['components']) || !isJson(document['components']['schemas'])) throw new Error('this is no OpenAPI document with schemas');
  const schemas = Object.entries(document['components']['schemas']);
  return `// Generated from the daemon's /openapi.json by \`npm run generate\`. Do not edit.

/** RFC 3339, UTC, whole seconds. */
export type Time = string & { readonly time: unique symbol };

${schemas.map(([name, schema]) => `export type ${name} = ${typeOf(schema)};`).join('\n\n')}

/** Every operation: how it is called, and the least role for it. */
export const OPERATIONS = {
${operationsOf(document)}
} as const;
`;
}
