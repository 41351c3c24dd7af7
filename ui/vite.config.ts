import { fileURLToPath } from 'node:url';

import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

import { compressed } from './tools/compressed';
import { firstThingsFirst, twoFirstFiles } from './tools/first-load';

// The strict policy of the daemon (default-src 'self') allows no inline script or style and no data: address, so nothing may
// be inlined. Where the built files go is the caller's choice: ./dev puts them beside the program.
export default defineConfig({
  plugins: [vue(), firstThingsFirst(), compressed()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
  build: {
    outDir: process.env['CONSOLE_OUT'] ?? '../build/console',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    // Many small files cost more round trips than they save bytes.
    rollupOptions: { output: { experimentalMinChunkSize: 12_000, manualChunks: twoFirstFiles } },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8099', '/ws': { target: 'ws://127.0.0.1:8099', ws: true } } },
});
