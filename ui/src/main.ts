import { createPinia } from 'pinia';
import { createApp } from 'vue';

import { firstService } from '@/early';
import { whenMismatch } from '@/api/http';
import { words } from '@/i18n';
import { createConsoleRouter } from '@/router';
import { useNotices } from '@/stores/notices';
import { useService } from '@/stores/service';
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

/** After this long the page is drawn without what it is about: a slow answer is waited for where the reader can see that. */
const PATIENCE_MS = 200;
const late = new Promise((done) => window.setTimeout(done, PATIENCE_MS));

// Not awaited at the top: pages that are loaded when they are opened need this module, and would wait for it for ever.
async function begin(): Promise<void> {
  // Who the reader is decides what the first page shows; drawn once, with its answer, it stands there sooner than drawn twice.
  await Promise.all([useSession().restore(), firstService === null ? null : Promise.race([useService().foresee(firstService), late])]);
  const router = createConsoleRouter();
  app.use(router);
  await router.isReady();
  app.mount('#app');
}
void begin();
