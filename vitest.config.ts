import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url))

// The longer names first: an alias also matches what starts with it.
const alias = {
  'pipewright/charts': source('charts/index.ts'),
  'pipewright/registry': source('registry/index.ts'),
  'pipewright/testing/vitest': source('testing/vitest.ts'),
  'pipewright/report': source('report-page/index.ts'),
  'pipewright/testing': source('testing/index.ts'),
  pipewright: source('index.ts'),
}

export default defineConfig({
  resolve: { alias },
  test: {
    // Most wait for processes that they have started.
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/types/**', 'test/**/*.slow.test.ts'],
          // Many start processes; what is slow is measured, not guessed from a limit.
          testTimeout: 30_000,
        },
      },
      { extends: true, test: { name: 'types', include: ['test/types/**/*.test.ts'] } },
      { extends: true, test: { name: 'slow', include: ['test/**/*.slow.test.ts'], testTimeout: 300_000 } },
    ],
  },
})
