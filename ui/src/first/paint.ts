/**
 * The page's first picture: how the service is, drawn from the answers alone. It has the elements, words and styles of the
 * page that takes its place a moment later (layouts/TopBar, components/service/ServiceHead), so that nothing moves then.
 */
import { badgeOfStatus, type Tone } from '@/domain/badge';
import { ageText, clockText, isoText } from '@/domain/duration';
import { ageMs, hostOf, isStale, type Live } from '@/domain/live';
import { answerOf, doingOf } from '@/domain/sentence';
import { PULSE, SHAPES } from '@/domain/shape';
import { words } from '@/i18n';

const SVG = 'http://www.w3.org/2000/svg';

function element(name: string, look: string, ...inside: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  made.className = look;
  made.append(...inside);
  return made;
}

function drawing(attributes: Readonly<Record<string, string>>, paths: readonly Readonly<Record<string, string>>[]): SVGElement {
  const made = (name: string, of: Readonly<Record<string, string>>): SVGElement => {
    const one = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(of)) one.setAttribute(key, value);
    return one;
  };
  const svg = made('svg', { 'aria-hidden': 'true', ...attributes });
  svg.append(...paths.map((path) => made('path', path)));
  return svg;
}

function bar(): HTMLElement {
  const line = drawing({ width: '30', height: '20', viewBox: '0 0 30 20' }, [{ d: PULSE, fill: 'none', stroke: 'currentColor', 'stroke-width': '2.2', 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }]);
  const brand = element('a', 'brand', line, words.product);
  brand.setAttribute('href', '/');
  return element('header', 'topbar', element('div', 'inner', brand));
}

function shape(tone: Tone): HTMLElement {
  const svg = drawing({ width: '18', height: '18', viewBox: '0 0 16 16' }, SHAPES[tone].map(({ d, style }) => ({ d, class: style })));
  return element('span', `shape tone-${tone}`, svg);
}

function last(live: Live, now: number): HTMLElement {
  const at = live.status?.last_check ?? null;
  const age = ageMs(live, now);
  if (at === null || age === null) return element('p', 'last small soft', words.service.lastCheckNever);
  const time = element('time', '', `${words.service.lastCheck} ${ageText(age)}`);
  time.setAttribute('datetime', isoText(at));
  return element('p', 'last small soft', time);
}

/** Into `root`, which is empty. Nothing without a state to show. */
export function paint(root: Element, live: Live, id: string): void {
  const { status } = live;
  if (status === null) return;
  const now = Date.now();
  const stale = isStale(live, now);
  const badge = badgeOfStatus(status, stale);
  const host = hostOf(status);
  const head = element(
    'header',
    'service-head',
    element('div', 'names', element('h1', '', status.name ?? id), ...(host === '' ? [] : [element('p', 'soft', host)])),
    element('div', `now tone-${badge.tone}`, element('p', 'badge', shape(badge.tone), badge.word), element('p', 'answer', answerOf(live, stale, now))),
    element('p', 'doing', stale ? '' : doingOf(live, clockText)),
    last(live, now),
  );
  root.append(bar(), element('main', 'main', head));
}
