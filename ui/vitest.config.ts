import { defineConfig, mergeConfig } from 'vitest/config';

import vite from './vite.config';

// The pure parts. Not in vite.config.ts: `ui/make bundle` installs what the build needs and no vitest.
export default mergeConfig(vite, defineConfig({ test: { environment: 'happy-dom', include: ['tests/unit/**/*.test.ts'] } }));
