import type { GetModuleInfo } from 'rollup';
import type { HtmlTagDescriptor, Plugin } from 'vite';

const FIRST = 'src/first/first.ts';
const MAIN = 'src/main.ts';

/**
 * The first script waits neither for the page's styles nor for its end; what it reads next is fetched meanwhile. Not as
 * `modulepreload`: that would also compile it, before the first picture.
 */
export function firstThingsFirst(): Plugin {
  return {
    name: 'first-things-first',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        const first = /<script type="module"(?= [^>]*\/first-)/;
        if (!first.test(html)) throw new Error(`${FIRST} is not the script of the built page`);
        const main = Object.values(bundle ?? {}).find((file) => file.type === 'chunk' && file.moduleIds.some((id) => id.endsWith(`/${MAIN}`)));
        if (main?.type !== 'chunk') throw new Error(`${MAIN} is in no file`);
        const soon = (file: string, as: string): HtmlTagDescriptor => ({ tag: 'link', injectTo: 'head', attrs: { rel: 'preload', as, href: `/${file}`, crossorigin: true, fetchpriority: 'low' } });
        return {
          html: html.replace(first, '$& async blocking="render"'),
          tags: [soon(main.fileName, 'script'), ...[...(main.viteMetadata?.importedCss ?? [])].map((file) => soon(file, 'style'))],
        };
      },
    },
  };
}

let files: Map<string, string> | null = null;

function needs(name: string, getModuleInfo: GetModuleInfo, getModuleIds: () => IterableIterator<string>): Set<string> {
  const found = new Set([...getModuleIds()].filter((id) => id.endsWith(`/${name}`)));
  for (const id of found) for (const needed of getModuleInfo(id)?.importedIds ?? []) found.add(needed);
  return found;
}

/** What the first picture needs is one file, and what the first page needs another: each further one costs a request and a module's set-up. */
export function twoFirstFiles(id: string, { getModuleInfo, getModuleIds }: { getModuleInfo: GetModuleInfo; getModuleIds: () => IterableIterator<string> }): string | undefined {
  if (files === null) {
    files = new Map([...needs(MAIN, getModuleInfo, getModuleIds)].map((name) => [name, 'console']));
    for (const name of needs(FIRST, getModuleInfo, getModuleIds)) files.set(name, 'first');
  }
  return files.get(id);
}
