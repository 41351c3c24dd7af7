/** The first file: asks what the page is about, shows how that is, and reads the rest of the program when it stands there. */
import { askMore, firstService } from './questions';
import { getKnown, type Known } from '@/api/services';
import { NOTHING, snapshot } from '@/domain/live';
import { savedTheme, showTheme } from '@/stores/appearance';
import { afterPaint } from '@/stores/paint';

import { paint } from './paint';
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/first.css';

export interface Foreseen {
  readonly service: string;
  readonly coming: Promise<Known>;
}

/** After this long the page is drawn without what it is about: a slow answer is waited for where the reader can see that. */
const PATIENCE_MS = 200;
export const late = new Promise<null>((done) => window.setTimeout(() => done(null), PATIENCE_MS));

export const foreseen: Foreseen | null = firstService === null ? null : { service: firstService, coming: getKnown(firstService) };

const parsed = new Promise<void>((done) => {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => done());
  else done();
});

async function begin(): Promise<void> {
  showTheme(savedTheme());
  if (foreseen === null) askMore();
  else {
    // A refusal is told by the page itself, which asks again.
    const known = await Promise.race([foreseen.coming.catch(() => null), late]);
    await parsed;
    const root = document.querySelector('#app');
    if (known !== null && root !== null) paint(root, snapshot(NOTHING, ...known), foreseen.service);
    askMore();
    await new Promise<void>(afterPaint);
  }
  await parsed;
  await import('../main');
}
void begin();
