import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** Folders of pure mathematics, where an index is checked by the loop around it and `!` says so. */
const MATHS = ['src/tensor/**', 'src/diffusion/{schedulers,random,unet,vae}/**'];

const MAKES_FOLDERS = "makeFolder of src/io/files/make-folder.ts: Node's recursive mkdir may never return.";
const OPENS_FILES =
  'src/io/files/open-file.ts: files from outside are opened there, their kind and size known before a byte is read.';

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'build/',
      'node_modules/',
      'training/',
      'bench/peers/',
      'coverage/',
      'refined/',
      'models/',
      'vendor/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: ['src/tsconfig.json', 'test/tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/prefer-nullish-coalescing': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 4],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'Only src/app/cli and src/run/engine touch the process.' },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Random numbers come from src/random.' },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/io/files/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:fs', 'node:fs/promises'].map((name) => ({
            name,
            importNames: ['mkdir', 'mkdirSync'],
            message: MAKES_FOLDERS,
          })),
        },
      ],
    },
  },
  {
    files: ['src/{app/cli,run/{manifest,batch,safety},media/image,diffusion/text,models/{weights,hub}}/**/*.ts'],
    ignores: ['src/app/cli/package-version.ts', 'src/app/cli/commands/run-score.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:fs', 'node:fs/promises'].flatMap((name) => [
            { name, importNames: ['mkdir', 'mkdirSync'], message: MAKES_FOLDERS },
            { name, importNames: ['readFile', 'readFileSync', 'createReadStream'], message: OPENS_FILES },
          ]),
        },
      ],
    },
  },
  { files: ['src/{app/{cli,doctor},run/engine}/**/*.ts'], rules: { 'no-restricted-globals': 'off' } },
  { files: MATHS, rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'test', message: 'Tests are called it.' }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      /* jest's asymmetric matchers are any. */
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      'max-params': 'off',
    },
  },
  {
    files: ['scripts/**/*.mjs', 'bench/**/*.mjs', 'bin/*.js', '*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
      },
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { require: 'readonly', module: 'writable', globalThis: 'readonly' },
    },
  },
  prettier,
);
