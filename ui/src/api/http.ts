import { Mismatch, isObject, type Check } from '@/contract/parse';
import { detailsOf, problem } from '@/contract/problem';
import { early } from '@/first/questions';
import { words } from '@/i18n';

const READ_TIMEOUT_MS = 20_000;
/** A stop may save for 60 s and a start may load for 30: the daemon answers by then, one way or the other. */
export const OPERATION_TIMEOUT_MS = 180_000;

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    message: string,
    readonly body: unknown = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  get details(): Record<string, unknown> {
    return detailsOf(this.body);
  }

  /** A list of texts in the details, such as the blockers of a refusal. */
  list(member: string): string[] {
    const found = this.details[member];
    return Array.isArray(found) ? found.filter((item): item is string => typeof item === 'string') : [];
  }

  get requestId(): string | null {
    const id = isObject(this.body) ? this.body['request_id'] : null;
    return typeof id === 'string' ? id : null;
  }
}

let csrfToken: string | null = null;
/** The API token of a display that nobody logs in to; null: the browser's cookie says who reads. */
let bearer: string | null = null;
let onLoginEnded: () => void = () => undefined;
/** What did not fit before anybody could be told. */
const untold: [Mismatch, string][] = [];
let onMismatch: (error: Mismatch, path: string) => void = (error, path) => void untold.push([error, path]);

export const setCsrfToken = (token: string | null): void => {
  csrfToken = token;
};
export const setBearer = (token: string): void => {
  bearer = token;
};
export const whenLoginEnds = (handler: () => void): void => {
  onLoginEnded = handler;
};
/** Called for every message that does not fit: it is told to the person and to the browser's log, never used. */
export const whenMismatch = (handler: (error: Mismatch, path: string) => void): void => {
  onMismatch = handler;
  untold.splice(0).forEach(([error, path]) => handler(error, path));
};
export const reportMismatch = (error: Mismatch, path: string): void => onMismatch(error, path);

export interface Request {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly timeoutMs?: number;
  /** A 401 here says nothing about our session (the login itself, the first question who we are). */
  readonly quiet401?: boolean;
}

function addressOf(path: string, query: Request['query']): string {
  const given = Object.entries(query ?? {}).filter((entry): entry is [string, string | number] => entry[1] !== undefined && entry[1] !== '');
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString()}`;
}

async function fetched(path: string, request: Request): Promise<Response> {
  const method = request.method ?? 'GET';
  const address = addressOf(path, request.query);
  // What was asked before anything else had no token with it.
  const answer = method === 'GET' && bearer === null ? await early(address) : null;
  if (answer !== null) return answer;
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (bearer !== null) headers['Authorization'] = `Bearer ${bearer}`;
  if (method !== 'GET') {
    headers['Content-Type'] = 'application/json';
    if (csrfToken !== null) headers['X-CSRF-Token'] = csrfToken;
  }
  try {
    return await fetch(address, {
      method,
      headers,
      body: method === 'GET' ? null : JSON.stringify(request.body ?? {}),
      credentials: bearer === null ? 'same-origin' : 'omit',
      cache: 'no-store',
      signal: AbortSignal.timeout(request.timeoutMs ?? READ_TIMEOUT_MS),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError')
      throw new ApiError(0, 'timeout', words.live.disconnected, words.errors.timeout);
    throw new ApiError(0, 'network', words.live.disconnected, words.errors.network);
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const raw = await response.text();
  if (raw === '') return {};
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    return response.headers.get('Content-Type')?.startsWith('text/markdown') === true ? raw : null;
  }
}

function refusal(status: number, body: unknown): ApiError {
  try {
    const told = problem(body);
    if (status === 429)
      return new ApiError(status, told.code, told.error, words.errors.rateLimited(told.retry_after_seconds ?? told.retry_after ?? 60), body);
    return new ApiError(status, told.code, told.error, told.message, body);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    return new ApiError(status, `http_${status}`, `HTTP ${status}`, words.errors.network, body);
  }
}

/** One question to the daemon; the answer is checked before anybody sees it. */
export async function call<T>(path: string, check: Check<T>, request: Request = {}): Promise<T> {
  const response = await fetched(path, request);
  const body = await bodyOf(response);
  if (!response.ok) {
    if (response.status === 401 && request.quiet401 !== true) onLoginEnded();
    throw refusal(response.status, body);
  }
  try {
    return check(body);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    onMismatch(error, path);
    throw new ApiError(response.status, 'mismatch', path, `${words.errors.mismatch} (${path}: ${error.message})`, body);
  }
}

export const anything: Check<unknown> = (value) => value;

/** A body that comes with an error status and is still an answer (503 with `status`), or null. */
export const bodyOfError = (error: unknown): unknown => (error instanceof ApiError ? error.body : null);

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : words.errors.unknown);
