import type { Language } from './pipeline.ts'

/** What a new project is made of. */
export interface ProjectChoice {
  readonly name: string
  readonly language: Language
  /** The package is of modules; else its files say so by their names. */
  readonly isModule: boolean
  readonly test: 'node' | 'vitest'
  /** The pipewright to depend on. */
  readonly package: string
}

/** The extension of its code. */
export function extension({ language, isModule }: Pick<ProjectChoice, 'language' | 'isModule'>): string {
  return `${isModule ? '' : 'm'}${language === 'typescript' ? 'ts' : 'js'}`
}

function testCommand(choice: ProjectChoice): string {
  if (choice.test === 'vitest') return 'vitest run'
  const loader = choice.language === 'typescript' ? '--import tsx ' : ''
  return `node ${loader}--test test/pipeline.test.${extension(choice)}`
}

/** `package.json`. */
export function packageFile(choice: ProjectChoice): string {
  const isTyped = choice.language === 'typescript'
  const manifest = {
    name: choice.name,
    private: true,
    type: 'module',
    engines: { node: '>=20.19' },
    scripts: {
      start: 'pipewright run --input csv=data/customers.csv',
      test: testCommand(choice),
      ...(isTyped ? { types: 'tsc --noEmit' } : {}),
    },
    dependencies: { pipewright: choice.package, zod: '^4.0.0' },
    devDependencies: {
      ...(isTyped ? { '@types/node': '^20.19.0' } : {}),
      ...(isTyped && choice.test === 'node' ? { tsx: '^4.20.0' } : {}),
      ...(isTyped ? { typescript: '~6.0.3' } : {}),
      ...(choice.test === 'vitest' ? { vitest: '^4.0.0' } : {}),
    },
  }
  if (Object.keys(manifest.devDependencies).length === 0)
    return json({ ...manifest, devDependencies: undefined })
  return json(manifest)
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** `tsconfig.json`. */
export const tsconfigFile = json({
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  },
  include: ['*.ts', '*.mts', 'src', 'test'],
})

/** `pipewright.config.*`: the pipelines by name. */
export function configFile(choice: ProjectChoice): string {
  return `import { defineConfig } from 'pipewright'

export default defineConfig({
  pipelines: { churn: 'src/pipeline.${extension(choice)}#churn' },
})
`
}

/** The test of a step, and that of the whole pipeline. */
export function testFile(choice: ProjectChoice): string {
  const end = extension(choice)
  const isVitest = choice.test === 'vitest'
  const imports = isVitest
    ? "import { expect, test } from 'vitest'\n"
    : "import assert from 'node:assert/strict'\nimport { test } from 'node:test'\n"
  const equal = (value: string, wanted: string): string =>
    isVitest ? `expect(${value}).toBe(${wanted})` : `assert.equal(${value}, ${wanted})`
  return `import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
${imports}import { openWorkspace } from 'pipewright'
import { testStep } from 'pipewright/testing'
import { churn, score } from '../src/pipeline.${end}'

test('a step by itself', async () => {
  const rows = [
    { age: 34, visits: 1, churned: true },
    { age: 51, visits: 7, churned: false },
    { age: 28, visits: 2, churned: false },
  ]
  const { outputs } = await testStep(score, { rows, threshold: 2 })
  ${equal('outputs.accuracy', '1')}
})

test('the whole pipeline, in a workspace of its own', async () => {
  const root = await mkdtemp(join(tmpdir(), 'churn-'))
  const pw = await openWorkspace({ root })
  try {
    const csv = fileURLToPath(new URL('../data/customers.csv', import.meta.url))
    const { outputs } = await pw.run(churn, { csv })
    ${equal('outputs.threshold', '4')}
  } finally {
    await pw.close()
    await rm(root, { recursive: true, force: true })
  }
})
`
}

/** `README.md`. */
export function readmeFile(choice: ProjectChoice): string {
  const end = extension(choice)
  return `# ${choice.name}

\`src/pipeline.${end}\` is the pipeline, \`test/\` its test, \`pipewright.config.${end}\` names it \`churn\`.

\`\`\`sh
npm start                            # runs it; again: nothing has changed, all is reused
npm test
npx pipewright run --help            # all options; \`pipewright run churn --help\` lists the inputs
npx pipewright run -i csv=data/customers.csv -i thresholds='[2,5]'
npx pipewright plan -i csv=data/customers.csv --explain
npx pipewright runs
\`\`\`

What was run is in \`.pipewright/\`: delete it to forget everything.
`
}

/** `.gitignore`. */
export const gitignoreFile = 'node_modules/\n.pipewright/\n'
