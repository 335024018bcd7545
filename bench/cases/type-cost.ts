import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Figure } from '../measure.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))

function source(steps: number): string {
  const lines = ["import { definePipeline, defineStep } from 'pipewright'", "import { z } from 'zod'"]
  for (let i = 0; i < 20; i++) {
    lines.push(
      `const step${i} = defineStep({ name: 'step${i}', inputs: { a: z.number(), b: z.number(), rate: z.number().default(${i}) }, outputs: { x: z.number(), y: z.number() }, run: ({ a, b }) => ({ x: a, y: b }) })`,
    )
  }
  lines.push("export const p = definePipeline({ name: 'p', inputs: { start: z.number() } }, (p, input) => {")
  lines.push('  const n0 = p.step(step0, { a: input.start, b: input.start }, { id: "n0" })')
  for (let i = 1; i < steps; i++)
    lines.push(
      `  const n${i} = p.step(step${i % 20}, { a: n${i - 1}.x, b: n${Math.floor(i / 2)}.y }, { id: 'n${i}' })`,
    )
  lines.push(`  return { x: n${steps - 1}.x }`, '})')
  return lines.join('\n')
}

async function instantiations(steps: number): Promise<number> {
  const folder = await mkdtemp(join(root, 'bench', 'types-'))
  try {
    await writeFile(join(folder, 'pipeline.ts'), source(steps))
    const paths = { pipewright: [join(root, 'dist/index.d.ts')] }
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        compilerOptions: { paths },
        include: ['*.ts'],
        exclude: [],
      }),
    )
    const { stdout } = await run(process.execPath, [
      join(root, 'node_modules/typescript7/bin/tsc'),
      '-p',
      folder,
      '--extendedDiagnostics',
    ])
    const count = /Instantiations:\s+(\d+)/.exec(stdout)?.[1]
    if (count === undefined) throw new Error(`no instantiation count in:\n${stdout}`)
    return Number(count)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a pipeline costs the type checker (TypeScript 7). */
export async function typeCost(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const steps of [100, 500, 2_000]) {
    figures.push({
      name: `type instantiations, ${steps} steps`,
      value: await instantiations(steps),
      unit: '',
      ...(steps === 500 ? { budget: '<= 80,000' } : {}),
    })
  }
  return figures
}
