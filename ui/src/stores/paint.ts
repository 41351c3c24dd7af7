/** Runs when the next picture is on the screen; in a page that nobody sees, at once. */
export function afterPaint(what: () => void): void {
  if (document.hidden) window.setTimeout(what, 0);
  else requestAnimationFrame(() => window.setTimeout(what, 0));
}
