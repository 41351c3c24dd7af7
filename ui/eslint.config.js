import vue from 'eslint-plugin-vue';
import tseslint from 'typescript-eslint';

// Ground floor first; a folder may import from those before it only.
const FLOORS = ['contract', 'i18n', 'domain', 'api', 'stores', 'composables', 'components', 'layouts', 'views', 'router'];
/** Two looks sideways that are meant: a view is shown by the shell, and a guard of the router asks the session. */
const above = (floor) => FLOORS.slice(FLOORS.indexOf(floor) + 1).map((name) => `@/${name}`);

const floors = FLOORS.filter((floor) => above(floor).length > 0).map((floor) => ({
  files: [`src/${floor}/**`],
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ group: above(floor).flatMap((name) => [name, `${name}/*`]), message: `${floor} may not know what stands above it.` }] },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['node_modules', 'screenshots', 'eslint.config.js', 'src/contract/types.gen.ts'] },
  ...tseslint.configs.strictTypeChecked,
  ...vue.configs['flat/recommended'],
  {
    languageOptions: {
      parserOptions: { parser: tseslint.parser, projectService: true, extraFileExtensions: ['.vue'], tsconfigRootDir: import.meta.dirname },
      globals: { window: 'readonly', document: 'readonly' },
    },
  },
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 130 }],
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/multi-word-component-names': 'error',
      'vue/no-static-inline-styles': 'error',
      'vue/no-v-html': 'error',
      'vue/require-default-prop': 'off',
    },
  },
  { files: ['**/*.vue'], rules: { 'max-lines': ['error', { max: 250 }], 'max-lines-per-function': 'off' } },
  { files: ['src/domain/**', 'src/contract/**'], rules: { 'no-restricted-globals': ['error', 'window', 'document', 'fetch', 'localStorage'] } },
  { files: ['tests/**', 'e2e/**'], rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-non-null-assertion': 'off' } },
  ...floors,
  {
    files: ['src/domain/**', 'src/contract/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'vue', message: 'The pure floors know no framework.' }, { name: 'pinia', message: 'The pure floors know no framework.' }], patterns: [{ group: ['@/api/*', '@/stores/*', '@/composables/*', '@/components/*', '@/layouts/*', '@/views/*', '@/router'] }] },
      ],
    },
  },
);
