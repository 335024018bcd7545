import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

// Takes from what the compiler has declared what the entries of the package reach: the rest describes modules that
// nobody can import, with packages that are not installed with this one.
const root = fileURLToPath(new URL('..', import.meta.url))
const target = join(root, 'dist')
const declared = join(target, '.types')

const {
  name: self,
  exports,
  dependencies,
  peerDependencies,
} = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const installed = new Set([self, ...Object.keys(dependencies), ...Object.keys(peerDependencies)])

const open = Object.values(exports)
  .flatMap((entry) => [entry.types, entry.browser?.types])
  .filter((path) => path !== undefined)
  .map((path) => join(declared, relative('dist', path)))
const reached = new Set()
const unknown = []
for (let file = open.pop(); file !== undefined; file = open.pop()) {
  if (reached.has(file)) continue
  reached.add(file)
  for (const { fileName } of ts.preProcessFile(await readFile(file, 'utf8')).importedFiles) {
    if (fileName.startsWith('.')) open.push(join(dirname(file), fileName).replace(/\.[jt]s$/, '.d.ts'))
    else if (!fileName.startsWith('node:') && !installed.has(/^(?:@[^/]+\/)?[^/]+/.exec(fileName)[0]))
      unknown.push(`${relative(declared, file)}: ${fileName}`)
  }
}
if (unknown.length > 0) {
  console.error(`types that users cannot resolve:\n  ${unknown.join('\n  ')}`)
  process.exit(1)
}

const kept = new Set()
for (const file of reached) {
  const path = relative(declared, file)
  await mkdir(dirname(join(target, path)), { recursive: true })
  await cp(file, join(target, path))
  kept.add(path)
}
for (const name of await readdir(target, { recursive: true }))
  if (name.endsWith('.d.ts') && !name.startsWith('.types') && !kept.has(name)) await rm(join(target, name))
