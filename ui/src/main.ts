import { createPinia } from 'pinia';
import { createApp } from 'vue';

import { whenMismatch } from '@/api/http';
import { words } from '@/i18n';
import { createConsoleRouter } from '@/router';
import { useNotices } from '@/stores/notices';
import { useSession } from '@/stores/session';

import App from './App.vue';
import './styles/tokens.css';
import './styles/base.css';

const app = createApp(App).use(createPinia());
const notices = useNotices();

whenMismatch((error, path) => {
  console.error(`${path}: ${error.message}`);
  notices.tell('degraded', words.errors.mismatch, `${path}: ${error.message}`);
});
app.config.errorHandler = (error) => {
  console.error(error);
  notices.tell('degraded', words.errors.unknown, error instanceof Error ? error.message : '');
};

// Who the reader is decides what the first page shows.
await useSession().restore();
app.use(createConsoleRouter());
app.mount('#app');
