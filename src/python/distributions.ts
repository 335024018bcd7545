import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { workerEnvironment } from '../worker/environment.ts'
import type { Interpreter } from './interpreter.ts'

const run = promisify(execFile)

/** What an interpreter can import beside the code of a project. */
export interface Distributions {
  /** By name: the versions of all that is installed. */
  readonly versions: Readonly<Record<string, string>>
  /** Folders that it imports from which hold code without a version: editable installs, `PYTHONPATH`, `.pth` files. */
  readonly folders: readonly string[]
}

interface Answer extends Distributions {
  /** Folders whose times tell whether something was installed since. */
  readonly sites: readonly string[]
}

const question = `
import importlib.metadata, json, os, sys, sysconfig
paths = sysconfig.get_paths()
versions, folders = {}, set()
for found in importlib.metadata.distributions():
    name = found.metadata["Name"]
    if name:
        versions.setdefault(name.lower().replace("_", "-"), found.version or "unknown")
        direct = json.loads(found.read_text("direct_url.json") or "{}")
        if direct.get("dir_info", {}).get("editable"):
            folders.add(direct["url"])
own = {os.path.realpath(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
sites = [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]
for path in sys.path:
    real = os.path.realpath(path)
    if path and os.path.isdir(path) and path not in sites and real not in own and os.path.basename(path) != "lib-dynload":
        folders.add(path)
print(json.dumps({"versions": versions, "folders": sorted(folders), "sites": sites}))
`

const known = new Map<string, { readonly answer: Promise<Answer>; looks: string | undefined }>()

function looksOf(sites: readonly string[]): string {
  return sites.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 'gone').join(' ')
}

/** What is installed for an interpreter; asked again when something was installed. */
export async function distributionsOf({ executable }: Interpreter, root: string): Promise<Distributions> {
  const found = known.get(executable)
  if (found !== undefined) {
    const answer = await found.answer
    if (looksOf(answer.sites) === found.looks) return answer
  }
  const entry = { answer: ask(executable, root), looks: undefined as string | undefined }
  known.set(executable, entry)
  try {
    const answer = await entry.answer
    entry.looks = looksOf(answer.sites)
    return answer
  } catch (error) {
    known.delete(executable)
    throw error
  }
}

async function ask(executable: string, root: string): Promise<Answer> {
  const { stdout } = await run(executable, ['-c', question], {
    cwd: root,
    env: workerEnvironment([]),
    maxBuffer: 64 * 1024 * 1024,
  })
  const { folders, ...others } = JSON.parse(stdout) as Answer
  return { ...others, folders: folders.map((one) => (one.startsWith('file:') ? fileURLToPath(one) : one)) }
}
