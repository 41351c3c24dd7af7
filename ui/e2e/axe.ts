import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
  readonly violations: { readonly id: string; readonly nodes: { readonly html: string; readonly failureSummary?: string }[] }[];
}

/** The page's own policy allows no script from outside; the checker is put in by the browser's own door. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(() => (window as unknown as { axe: { run: () => Promise<AxeResult> } }).axe.run());
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${page.url()} ${id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`));
}

/** What is wrong with the page as it is now, in both themes and on a phone: without loading it again. */
export async function faults(page: Page): Promise<string[]> {
  const wide = page.viewportSize();
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    found.push(...(await violations(page)));
  }
  await page.setViewportSize({ width: 360, height: 740 });
  const needed = await page.evaluate(() => document.documentElement.scrollWidth);
  if (needed > 360) found.push(`${page.url()} needs ${needed} px on a phone`);
  found.push(...(await violations(page)));
  if (wide !== null) await page.setViewportSize(wide);
  return found;
}
