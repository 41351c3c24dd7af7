import { ref, watch } from 'vue';

import { keepTheme, savedTheme, showTheme, type Theme } from '@/stores/appearance';

const theme = ref<Theme>(savedTheme());

showTheme(theme.value);
watch(theme, (value) => {
  showTheme(value);
  keepTheme(value);
});

export const useTheme = (): typeof theme => theme;
