import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tempFolder } from '../workspace/temp.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** A module that is compiled, and where a reader finds it. */
export interface Shown {
  readonly text: string
  /** The place of its first line: a page and a line, or a symbol. */
  readonly place: string
}

interface CompileOptions {
  /** What is ambient for each module. Default: nothing. */
  readonly declarations?: string
  /** `typescript7` takes a fifth of the time. Default `typescript`. */
  readonly compiler?: 'typescript' | 'typescript7'
}

/** What the compiler says of modules by their paths, as one program: nothing where all of them compile. */
export async function compile(
  modules: ReadonlyMap<string, Shown>,
  { declarations = '', compiler = 'typescript' }: CompileOptions = {},
): Promise<string> {
  const folder = await tempFolder()
  await symlink(`${repository}node_modules`, join(folder, 'node_modules'))
  for (const [path, { text }] of modules) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    // One without imports is a module, too.
    await writeFile(join(folder, path), `${text}export {}\n`)
  }
  await writeFile(join(folder, 'names.d.ts'), declarations)
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const compilerOptions = {
    noUnusedLocals: false,
    noUnusedParameters: false,
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
  }
  const config = {
    extends: `${repository}tsconfig.json`,
    compilerOptions,
    include: ['**/*.ts'],
    exclude: ['node_modules'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const args = [`${repository}node_modules/${compiler}/bin/tsc`, '-p', folder, '--pretty', 'false']
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1e8 }, (_error, out, err) =>
      resolve(out + err),
    )
  })
  return output.replaceAll(/^(\S+?)\((\d+),\d+\)/gm, (all, path: string, line: string) => {
    const shown = modules.get(path)
    return shown === undefined ? all : `${shown.place} + ${Number(line) - 1}`
  })
}
