import { ref, watch } from 'vue';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'resus-theme';

function saved(): Theme {
  try {
    const found = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === found) ?? 'auto';
  } catch {
    // A browser that keeps nothing: the system's setting holds.
    return 'auto';
  }
}

const theme = ref<Theme>(saved());

watch(
  theme,
  (value) => {
    if (value === 'auto') document.documentElement.removeAttribute('data-theme');
    else document.documentElement.setAttribute('data-theme', value);
    try {
      localStorage.setItem(KEY, value);
    } catch {
      // See above.
    }
  },
  { immediate: true },
);

export const useTheme = (): typeof theme => theme;
