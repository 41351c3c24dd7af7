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

function show(value: Theme): void {
  if (value === 'auto') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', value);
}

show(theme.value);
watch(theme, (value) => {
  show(value);
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // See above.
  }
});

export const useTheme = (): typeof theme => theme;
