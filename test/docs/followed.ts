import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { applyPatch } from 'diff'
import { tempFolder } from '../workspace/temp.ts'
import type { Block } from './blocks.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const tsx = `"${process.execPath}" --import "${repository}node_modules/tsx/dist/loader.mjs"`

// What the registry would have installed is taken from here: the sources, by the aliases of the project.
const npx = `#!/bin/sh
name="$1"; shift
case "$name" in
  pipewright) exec ${tsx} "${repository}src/cli/main.ts" "$@" ;;
  tsx) exec ${tsx} "$@" ;;
  tsc) exec "${process.execPath}" "${repository}node_modules/typescript/bin/tsc" --pretty false -p .check/tsconfig.json "$@" ;;
  *) echo "the page uses npx $name, which the test does not know" >&2; exit 9 ;;
esac
`
const npm = `#!/bin/sh
[ "$1" = install ] && exit 0
PATH="\${PATH#*:}" exec npm "$@"
`

/** How the last command of a page has ended. */
export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A folder in which the blocks of a page are done in order, as a reader would. */
export class FollowedPage {
  readonly folder: string
  readonly #tools: string
  #tried: (() => Promise<void>) | undefined

  private constructor(folder: string, tools: string) {
    this.folder = folder
    this.#tools = tools
  }

  /** `data` are files of the repository that the page links, to be saved beside the code. */
  static async begin(data: readonly string[]): Promise<FollowedPage> {
    const [folder, tools] = [await tempFolder(), await tempFolder()]
    for (const [name, text] of [['npx', npx] as const, ['npm', npm] as const]) {
      await writeFile(join(tools, name), text)
      await chmod(join(tools, name), 0o755)
    }
    await mkdir(join(folder, 'node_modules', '@types'), { recursive: true })
    for (const name of ['zod', '@types/node'])
      await symlink(`${repository}node_modules/${name}`, join(folder, 'node_modules', name))
    await mkdir(join(folder, '.check'))
    const { compilerOptions } = JSON.parse(await readFile(`${repository}tsconfig.json`, 'utf8')) as {
      compilerOptions: { paths: Record<string, string[]> }
    }
    const paths = Object.fromEntries(
      Object.entries(compilerOptions.paths).map(([name, [to = '']]) => [name, [join(repository, to)]]),
    )
    // The sources, which stand in for declarations, are written for this option.
    const options = { paths, exactOptionalPropertyTypes: true }
    const config = { extends: '../tsconfig.json', compilerOptions: options, include: ['../*.ts'] }
    await writeFile(join(folder, '.check', 'tsconfig.json'), JSON.stringify(config))
    for (const path of data) await copyFile(repository + path, join(folder, path.split('/').at(-1)!))
    return new FollowedPage(folder, tools)
  }

  /** Writes the file that a block names. */
  async write({ file, text }: Block): Promise<void> {
    await writeFile(join(this.folder, file!), text)
  }

  /** Makes the edit of a `diff` block; one that is only tried is undone after the next command. */
  async edit({ text, flags, line }: Block): Promise<void> {
    const name = /^--- (\S+)/.exec(text)?.[1]
    if (name === undefined) throw new Error(`line ${line}: the edit names no file`)
    const path = join(this.folder, name)
    const before = await readFile(path, 'utf8')
    const after = applyPatch(before, text)
    if (after === false) throw new Error(`line ${line}: the edit does not fit ${name}`)
    await writeFile(path, after)
    if (flags.includes('try')) this.#tried = () => writeFile(path, before)
  }

  /** Runs a block of shell. */
  async run({ text }: Block): Promise<Outcome> {
    const env = {
      ...process.env,
      PATH: `${this.#tools}:${process.env['PATH']}`,
      TSX_TSCONFIG_PATH: `${repository}tsconfig.json`,
      NO_COLOR: '1',
    }
    const outcome = await new Promise<Outcome>((resolve) => {
      execFile('bash', ['-euo', 'pipefail', '-c', text], { cwd: this.folder, env }, (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        resolve({ code, out, err })
      })
    })
    await this.#tried?.()
    this.#tried = undefined
    return outcome
  }
}
