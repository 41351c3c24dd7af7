// Is the document OpenAPI 3.1 to others, and are real answers what it promises?
// usage: node check_openapi.mjs DOCUMENT.json ANSWERS.json
//   ANSWERS.json   [{"path", "method", "status", "body"}], path and method as in the document
// Prints one line a problem; exit 0 without any. The document lets clients meet members that they do
// not know; here none may be unknown, or the document would age in silence.
import { readFileSync } from "node:fs";

import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const document = read(process.argv[2]);
const answers = read(process.argv[3]);
const problems = [];

const judged = await new Validator().validate(structuredClone(document));
if (!judged.valid) problems.push(`the document: ${JSON.stringify(judged.errors)}`);

// An event has the members of its type besides those of every event, a bundle what its service has.
const OPEN = new Set(["Event", "Anything", "Bundle"]);

function close(schema) {
  if (Array.isArray(schema)) return schema.map(close);
  if (schema === null || typeof schema !== "object") return schema;
  const closed = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]));
  if (closed.type === "object" && closed.properties && closed.additionalProperties === undefined)
    closed.additionalProperties = false;
  return closed;
}

const schemas = document.components.schemas;
for (const [name, schema] of Object.entries(schemas)) if (!OPEN.has(name)) schemas[name] = close(schema);

const ajv = new Ajv({ strict: true, allErrors: true, allowUnionTypes: true });
addFormats(ajv);
// Words of OpenAPI that say nothing about JSON.
for (const word of ["components", "paths", "info", "servers", "openapi"]) ajv.addKeyword(word);
ajv.addSchema({ $id: "openapi", components: document.components });

function promised(answer) {
  const operation = document.paths[answer.path]?.[answer.method.toLowerCase()];
  const response = operation?.responses[String(answer.status)];
  if (!response) return null;
  const resolved = response.$ref ? document.components.responses[response.$ref.split("/").pop()] : response;
  return resolved.content?.["application/json"]?.schema ?? null;
}

for (const answer of answers) {
  const where = `${answer.method} ${answer.path} -> ${answer.status}`;
  const schema = promised(answer);
  if (schema === null) {
    problems.push(`${where}: the document promises no such answer`);
    continue;
  }
  const text = JSON.stringify(schema).replaceAll("#/components", "openapi#/components");
  const validate = ajv.compile(JSON.parse(text));
  if (!validate(answer.body)) {
    const errors = validate.errors.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
    problems.push(`${where}: ${errors.slice(0, 6).join("; ")}\n    ${JSON.stringify(answer.body).slice(0, 400)}`);
  }
}

for (const problem of problems) console.log(problem);
process.exit(problems.length === 0 ? 0 : 1);
