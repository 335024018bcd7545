import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { own } from '../../internal/own.ts'
import { programEnvironment } from '../../internal/environment.ts'
import type { Interpreter } from '../environment/interpreter.ts'

const run = promisify(execFile)

/** What an interpreter can import beside the code of a project. */
export interface Distributions {
  /** By name: the versions of all that is installed. */
  readonly versions: Readonly<Record<string, string>>
  /** By name of a module that can be imported: the distributions that have it. */
  readonly providers: Readonly<Record<string, readonly string[]>>
  /** By name: the distributions that it may use, those of extras for its developers excepted. */
  readonly requires: Readonly<Record<string, readonly string[]>>
  /** Folders that it imports from which hold code without a version: editable installs, `PYTHONPATH`, `.pth` files. */
  readonly folders: readonly string[]
}

interface Answer extends Distributions {
  /** Folders whose times tell whether something was installed since. */
  readonly sites: readonly string[]
}

const question = String.raw`
import importlib.metadata, json, os, re, sys, sysconfig
paths = sysconfig.get_paths()
versions, providers, requires, folders = {}, {}, {}, set()
normal = lambda name: re.sub("[-_.]+", "-", name).lower()
developers = {"all", "dev", "develop", "doc", "docs", "lint", "test", "testing", "tests", "typing"}
for found in importlib.metadata.distributions():
    name = found.metadata["Name"]
    if name and normal(name) not in versions:
        name = normal(name)
        versions[name] = found.version or "unknown"
        record = [line.split(",")[0] for line in (found.read_text("RECORD") or "").splitlines()]
        tops = {path.split("/")[0].split(".")[0] for path in record if re.match(r"[^./]+(/|\.py$|\..*so$|\.pyd$)", path)}
        for top in (tops | set((found.read_text("top_level.txt") or "").split())) - {"__pycache__", ""}:
            providers.setdefault(top, []).append(name)
        for line in found.requires or []:
            extras = set(re.findall(r"""extra\s*==\s*["']([^"']+)""", line))
            if not extras or extras - developers:
                requires.setdefault(name, []).append(normal(re.match(r"[\w.-]+", line)[0]))
        direct = json.loads(found.read_text("direct_url.json") or "{}")
        if direct.get("dir_info", {}).get("editable"):
            folders.add(direct["url"])
own = {os.path.realpath(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
sites = [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]
for path in sys.path:
    real = os.path.realpath(path)
    if path and os.path.isdir(path) and path not in sites and real not in own and os.path.basename(path) != "lib-dynload":
        folders.add(path)
print(json.dumps({"versions": versions, "providers": providers, "requires": requires, "folders": sorted(folders), "sites": sites}))
`

/** The versions of the distributions that have some modules, and of what these may use. */
export function versionsOf(
  modules: Iterable<string>,
  { versions, providers, requires }: Distributions,
): Record<string, string> {
  const left = [...modules].flatMap((module) => own(providers, module.split('.')[0]!) ?? [])
  const found = new Set<string>()
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (found.has(name) || own(versions, name) === undefined) continue
    found.add(name)
    left.push(...(own(requires, name) ?? []))
  }
  return Object.fromEntries([...found].toSorted().map((name) => [name, versions[name]!]))
}

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
    env: programEnvironment([]),
    maxBuffer: 64 * 1024 * 1024,
  })
  const { folders, ...others } = JSON.parse(stdout) as Answer
  return { ...others, folders: folders.map((one) => (one.startsWith('file:') ? fileURLToPath(one) : one)) }
}
