import fs, { realpathSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { wrapAll, type Watch } from './wrap.ts'

/** Functions whose second argument is a path too. */
const twoPaths = /^(?:copyFile|cp|link|rename|symlink)(?:Sync)?$/
/** Those that take no path: open files, and what is no function of the file system. */
const others =
  /^(?:_|[A-Z]|f(?:chmod|chown|datasync|stat|sync|truncate|utimes)|close|read(?:v|Sync|vSync)?$|write(?:v|Sync|vSync)?$|unwatchFile)/

// What is wrapped uses these itself.
const realpath = realpathSync.native

function pathOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (value instanceof URL) return value.protocol === 'file:' ? fileURLToPath(value) : undefined
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined
}

/** The path as it is on the disk, as far as it is there. */
function realOf(path: string): string {
  const full = resolve(path)
  try {
    return realpath(full)
  } catch {
    const parent = dirname(full)
    return parent === full ? full : join(realOf(parent), full.slice(parent.length))
  }
}

function isBelow(folder: string, path: string): boolean {
  const [outer, inner] = [realOf(folder), realOf(path)]
  return inner === outer || inner.startsWith(outer + sep)
}

function watchOf(of: string, name: string): Watch {
  const count = twoPaths.test(name) ? 2 : 1
  return {
    kind: 'file',
    of,
    // A file that is open already was counted when it was opened.
    isDeclared: (args, { workdir }) =>
      args
        .slice(0, count)
        .map(pathOf)
        .every((path) => path === undefined || isBelow(workdir, path)),
    argument: (args) => pathOf(args[0]),
  }
}

/** Watches the file system: all that takes a path, as callbacks, at once and as promises. */
export function wrapFiles(): void {
  for (const [of, owner] of [
    ['fs.promises', fs.promises],
    ['fs', fs],
  ] as const) {
    for (const name of Object.keys(owner))
      if (name !== 'promises' && !others.test(name)) wrapAll(owner, [name], watchOf(of, name))
  }
}
