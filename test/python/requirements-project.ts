import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tempFolder } from '../workspace/temp.ts'

const wheelProgram = `
import sys, zipfile
path, version = sys.argv[1:]
info = f"tiny-{version}.dist-info"
with zipfile.ZipFile(path, "w") as wheel:
    wheel.writestr("tiny.py", f"version = '{version}'\\n")
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: tiny\\nVersion: {version}\\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/RECORD", "")
`

/** Writes the wheel of a package of one module that tells its version. */
function writeWheel(folder: string, version: string): string {
  const wheel = join(folder, `tiny-${version}-py3-none-any.whl`)
  execFileSync('python3', ['-c', wheelProgram, wheel, version])
  return wheel
}

/** The folders that programs are found in, but those with uv. */
export function pathWithoutUv(path = process.env['PATH'] ?? ''): string {
  return path
    .split(delimiter)
    .filter((one) => !existsSync(join(one, 'uv')))
    .join(delimiter)
}

/** A project with a Python module that needs a package, in the version that is asked for. */
export async function requirementsProject(): Promise<{
  root: string
  need: (version: string) => Promise<void>
}> {
  const root = await tempFolder()
  await writeFile(join(root, 'needs.py'), 'import tiny\n\ndef f():\n    return {"version": tiny.version}\n')
  const need = async (version: string): Promise<void> => {
    await writeFile(join(root, 'packages.txt'), `${writeWheel(root, version)}\n`)
    await writeFile(join(root, 'requirements.txt'), '# by another file\n-r packages.txt\n')
  }
  await need('1.0')
  return { root, need }
}

const source = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))

/** The same with settings and a pipeline, for the command line. */
export async function requirementsProjectOfFiles(): Promise<string> {
  const { root } = await requirementsProject()
  await mkdir(join(root, 'node_modules'))
  await symlink(source('node_modules/zod'), join(root, 'node_modules', 'zod'))
  await writeFile(join(root, 'package.json'), '{ "type": "module" }')
  await writeFile(
    join(root, 'pipewright.config.ts'),
    `export default { python: { requirements: 'requirements.txt' }, pipelines: { needing: 'needing.ts' } }\n`,
  )
  await writeFile(
    join(root, 'needing.ts'),
    `import { definePipeline, definePythonStep } from 'pipewright'
import { z } from 'zod'
const needing = definePythonStep({ name: 'needing', outputs: { version: z.string() }, module: 'needs', function: 'f' })
export const pipeline = definePipeline({ name: 'needing' }, (p) => ({ version: p.step(needing, {}).version }))
`,
  )
  return root
}
