/**
 * The first page's questions, asked before anything else is done (the browser itself may have begun with them: web/static_files.c). Each answer is handed out once, to whoever asks that
 * address first.
 */
const FRESH_MS = 5_000;

const asked = new Map<string, Promise<Response | null>>();

function ask(address: string): void {
  // A failure is nobody's yet: who needs the answer asks again, and tells the reason.
  // No header and no wish about caches: this is the same question as the one that the server's Link header has begun.
  asked.set(address, fetch(address, { credentials: 'same-origin' }).catch(() => null));
}

/** The service that the first page is about, as it stands in the address; or null. */
export const firstService: string | null = /^\/services\/([\w.-]+)\/?$/.exec(window.location.pathname)?.[1] ?? null;
if (firstService !== null) {
  ask(`/api/services/${firstService}/status`);
  ask(`/api/services/${firstService}/health`);
}

/** What every page needs besides: asked when the first picture is on its way. */
export function askMore(): void {
  ask('/api/auth/me');
  ask('/api/services');
}

/** The answer that is on its way, if there is one and it is of the page's beginning. */
export function early(address: string): Promise<Response | null> | null {
  const found = asked.get(address) ?? null;
  asked.delete(address);
  return performance.now() < FRESH_MS ? found : null;
}
