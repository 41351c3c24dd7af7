import type { GetModuleInfo } from 'rollup';
import type { Plugin } from 'vite';

const EARLY = 'src/early.ts';
const MAIN = 'src/main.ts';

/** The script that stands in front of everything else does not wait for the page's styles, either. */
export function earlyQuestions(): Plugin {
  return {
    name: 'early-questions',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html) {
        const early = /<script type="module"(?= [^>]*\/early-)/;
        if (!early.test(html)) throw new Error(`${EARLY} is not among the scripts of the built page`);
        return html.replace(early, '$& async');
      },
    },
  };
}

let first: Set<string> | null = null;

/** Everything that the first page needs comes as one file: each further one costs a request and a module's set-up. */
export function oneFirstFile(id: string, { getModuleInfo, getModuleIds }: { getModuleInfo: GetModuleInfo; getModuleIds: () => IterableIterator<string> }): string | undefined {
  if (first === null) {
    first = new Set([...getModuleIds()].filter((name) => name.endsWith(`/${MAIN}`)));
    for (const name of first) for (const needed of getModuleInfo(name)?.importedIds ?? []) first.add(needed);
  }
  if (id.endsWith(`/${EARLY}`)) return 'early';
  return first.has(id) ? 'console' : undefined;
}
