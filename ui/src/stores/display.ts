import { setBearer } from '@/api/http';

const PATH = '/wall';
let present = false;
/** Did this display come with a token? */
export const hasDisplayToken = (): boolean => present;
const KEPT_AS = 'resus-display-token';

/**
 * A wall display logs in with an API token in the part of the address that no server sees (#token=...). It is kept for this tab,
 * so that a reload finds it, and taken out of the address, so that nobody reads it off the screen.
 */
export function takeDisplayToken(): void {
  if (window.location.pathname !== PATH) return;
  const given = new URLSearchParams(window.location.hash.slice(1)).get('token');
  if (given !== null) {
    sessionStorage.setItem(KEPT_AS, given);
    window.history.replaceState(window.history.state, '', `${window.location.pathname}${window.location.search}`);
  }
  const token = given ?? sessionStorage.getItem(KEPT_AS);
  present = token !== null && token !== '';
  if (token !== null && present) setBearer(token);
}
