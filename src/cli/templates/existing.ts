/** What is in a folder already is kept: what a project needs beside it is added. */
export interface Merged {
  readonly text: string
  /** What was added, in words; empty where nothing was. */
  readonly added: readonly string[]
  /** Scripts that are there under a name that the project has a command for, with that command. */
  readonly kept: Readonly<Record<string, string>>
}

type Names = Readonly<Record<string, string>>

interface Manifest {
  readonly scripts?: Names
  readonly dependencies?: Names
  readonly devDependencies?: Names
}

/** What `npm init` writes where there is no test. */
const noTest = /no test specified/

/** Adds the scripts and dependencies of a project to a `package.json`. Throws what `JSON.parse` throws. */
export function mergedPackage(there: string, project: string): Merged {
  const own = JSON.parse(there) as Manifest
  const wanted = JSON.parse(project) as Manifest
  const merged: Record<string, unknown> = { ...own }
  const added: string[] = []
  const kept: Record<string, string> = {}
  const known = { ...own.dependencies, ...own.devDependencies }
  for (const field of ['scripts', 'dependencies', 'devDependencies'] as const) {
    const names: Record<string, string> = { ...own[field] }
    for (const [name, value] of Object.entries(wanted[field] ?? {})) {
      const before = field === 'scripts' ? names[name] : known[name]
      if (before !== undefined && !(name === 'test' && noTest.test(before))) {
        if (field === 'scripts' && before !== value) kept[name] = value
        continue
      }
      names[name] = value
      added.push(field === 'scripts' ? `script ${name}` : name)
    }
    if (Object.keys(names).length > 0) merged[field] = names
  }
  return { text: `${JSON.stringify(merged, null, indentOf(there))}\n`, added, kept }
}

function indentOf(text: string): string {
  return /^\{\s*\n([ \t]+)"/.exec(text)?.[1] ?? '  '
}

/** Adds the lines of a project to a `.gitignore`. */
export function mergedLines(there: string, project: string): Merged {
  const lines = new Set(there.split(/\r?\n/).map((line) => line.replace(/\/$/, '')))
  const added = project.split('\n').filter((line) => line !== '' && !lines.has(line.replace(/\/$/, '')))
  const before = there === '' || there.endsWith('\n') ? there : `${there}\n`
  return { text: `${before}${added.map((line) => `${line}\n`).join('')}`, added, kept: {} }
}
