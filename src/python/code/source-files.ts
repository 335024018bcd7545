import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** What Python loads as code. */
const code = /\.(py|pyc|so|pyd)$/
/** Holds no code of the project. */
const passed = new Set(['node_modules', '__pycache__', 'site-packages', 'dist-packages'])
/** Stands in the folder of a virtual environment. */
const environmentMark = 'pyvenv.cfg'

/**
 * The files in a folder that Python can import, sorted; hidden folders and virtual environments are passed over. Links
 * are followed, each folder once.
 */
export async function sourceFiles(folder: string): Promise<string[]> {
  const found: string[] = []
  const seen = new Set<string>()
  const left = [folder]
  for (let current = left.pop(); current !== undefined; current = left.pop()) {
    const real = await realpath(current)
    if (seen.has(real)) continue
    seen.add(real)
    const entries = await readdir(current, { withFileTypes: true })
    if (entries.some(({ name }) => name === environmentMark)) continue
    for (const entry of entries) {
      if (entry.name.startsWith('.') || passed.has(entry.name)) continue
      const path = join(current, entry.name)
      // A link that leads nowhere is nothing to import.
      const target = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry
      if (target?.isDirectory() === true) left.push(path)
      else if (target?.isFile() === true && code.test(entry.name)) found.push(path)
    }
  }
  return found.sort()
}
