import { createPinia } from 'pinia';
import { createApp } from 'vue';

import { foreseen, late } from '@/first/first';
import { whenMismatch } from '@/api/http';
import { words } from '@/i18n';
import { createConsoleRouter } from '@/router';
import { useNotices } from '@/stores/notices';
import { useService } from '@/stores/service';
import { useSession } from '@/stores/session';
import { takeDisplayToken } from '@/stores/display';

import App from './App.vue';

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

// Not awaited at the top: pages that are loaded when they are opened need this module, and would wait for it forever.
async function begin(): Promise<void> {
  takeDisplayToken();
  // Who the reader is decides what the first page shows; drawn once, with its answer, it stands there sooner than drawn twice.
  await Promise.all([useSession().restore(), foreseen === null ? null : Promise.race([useService().foresee(foreseen.service, foreseen.coming), late])]);
  const router = createConsoleRouter();
  app.use(router);
  await router.isReady();
  app.mount('#app');
}
void begin();
