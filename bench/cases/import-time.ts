import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { fastest, type Figure } from '../measure.ts'

/** `import 'pipewright'` in a fresh process, against one that imports nothing. */
export async function importTime(): Promise<Figure[]> {
  const entry = new URL('../../dist/index.js', import.meta.url)
  const start = (code: string): void =>
    void execFileSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: fileURLToPath(new URL('.', entry)),
    })
  const bare = await fastest(7, () => start(''))
  const loaded = await fastest(7, () => start(`import ${JSON.stringify(entry.href)}`))
  return [
    {
      name: "import 'pipewright' (over an empty process)",
      value: loaded - bare,
      unit: 'ms',
      budget: '<= 100 ms',
    },
  ]
}
