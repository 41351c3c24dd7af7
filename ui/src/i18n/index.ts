import { en } from './en';

/** A further language is a second object of this shape and one line in `languages`. */
export type Words = typeof en;

const languages: Record<string, Words> = { en };

export const language = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in languages) ?? 'en';
export const words: Words = languages[language] ?? en;
