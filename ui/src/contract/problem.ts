/** The body of every refusal. */
import { boolean, isObject, list, number, object, optional, text } from './parse';

export const problem = object({
  error: text,
  message: text,
  code: text,
  request_id: optional(text),
  required_roles: optional(list(text)),
  user_role: optional(text),
  retry_after_seconds: optional(number),
  retry_after: optional(number),
  confirmation_required: optional(boolean),
  affected_services: optional(list(text)),
});

export function detailsOf(value: unknown): Record<string, unknown> {
  return isObject(value) && isObject(value['details']) ? value['details'] : {};
}
