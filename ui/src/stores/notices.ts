import { defineStore } from 'pinia';
import { ref } from 'vue';

import type { Tone } from '@/domain/badge';

export interface NoticeCard {
  readonly id: number;
  readonly tone: Tone;
  readonly title: string;
  readonly text: string;
  /** Stays until it is dismissed: somebody has to do something about it. */
  readonly lasting: boolean;
}

const SHOWN_MS = 8_000;
const MOST = 4;

/** Short messages in the corner, read out by screen readers. */
export const useNotices = defineStore('notices', () => {
  const cards = ref<NoticeCard[]>([]);
  let last = 0;

  function dismiss(id: number): void {
    cards.value = cards.value.filter((card) => card.id !== id);
  }

  function tell(tone: Tone, title: string, text = '', lasting = tone === 'critical'): void {
    const id = ++last;
    const same = cards.value.filter((card) => card.title !== title || card.text !== text);
    cards.value = [...same, { id, tone, title, text, lasting }].slice(-MOST);
    if (!lasting) window.setTimeout(() => dismiss(id), SHOWN_MS);
  }

  return { cards, tell, dismiss };
});
