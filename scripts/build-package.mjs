import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { parseSync } from 'oxc-parser'

// Bundles the modules of the package, with what they import of `bundled`, into few files: a process that loads hundreds
// of small ones spends half of its start on that. What is loaded lazily stays apart. The compiler writes the types. Takes
// the folder to write to; default dist.
const root = fileURLToPath(new URL('..', import.meta.url))
const source = join(root, 'src')
const target = process.argv[2] ?? join(root, 'dist')

/** Development dependencies that ship inside of the package, with their licences. */
const bundled = ['kysely']

const { dependencies, peerDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))

/** What users import, and what is started by its path. */
const entries = [
  'index',
  'charts/index',
  'registry/index',
  'report-page/index',
  'testing/index',
  'testing/vitest',
  'cli/main',
  'workspace/thread-entry',
  'workspace/child-entry',
  'execute/hermetic/preload',
  'testing/crash/kill-entry',
  'testing/contract/programs/runner-pipelines',
  'testing/contract/programs/shape-pipelines',
]

/** Stands for the way from an output file to `dist/` until it is known. */
const way = '@@dist@@'

const places = {
  name: 'places',
  setup({ onLoad, onResolve }) {
    // A module that looks for others beside it finds them where it was before it was bundled.
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      let contents = await readFile(path, 'utf8')
      const place = relative(source, path).replaceAll('\\', '/').replace(/\.ts$/, '.js')
      for (const { end } of parseSync(path, contents).module.importMetas.toReversed()) {
        if (!contents.startsWith('.url', end))
          throw new Error(`${path}: only \`import.meta.url\` can be bundled`)
        const start = end - 'import.meta'.length
        const url = `new URL('${way}/${place}', import.meta.url).href`
        contents = contents.slice(0, start) + url + contents.slice(end + '.url'.length)
      }
      return { contents, loader: 'ts' }
    })
    // Threads and processes find the steps of these by their file: each stays one.
    onResolve({ filter: /\/programs\// }, ({ path, importer, kind }) => {
      if (kind === 'entry-point') return undefined
      const place = posix.join(posix.dirname(relative(source, importer).replaceAll('\\', '/')), path)
      return { path: `${way}/${place.replace(/\.ts$/, '.js')}`, external: true }
    })
  },
}

const { outputFiles, metafile, warnings } = await build({
  entryPoints: entries.map((entry) => ({ in: join(source, `${entry}.ts`), out: entry })),
  absWorkingDir: root,
  outdir: target,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: [...Object.keys(dependencies), ...Object.keys(peerDependencies)],
  sourcemap: true,
  metafile: true,
  write: false,
  logLevel: 'warning',
  plugins: [places],
})

const packages = new Set(
  Object.keys(metafile.inputs).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
)
const unknown = [...packages].filter((name) => !bundled.includes(name))
if (warnings.length > 0 || unknown.length > 0) {
  if (unknown.length > 0) console.error(`bundled, but not listed in this script: ${unknown.join(', ')}`)
  process.exit(1)
}

/** Without the texts of libraries and of what was itself made by a build: no place in them is a user's to read. */
function slim(map) {
  const { sources, sourcesContent, ...rest } = JSON.parse(map)
  const isForeign = (path) => path.includes('/node_modules/') || path.endsWith('/page-bundle.ts')
  const contents = sourcesContent.map((content, index) => (isForeign(sources[index]) ? null : content))
  return JSON.stringify({ ...rest, sources, sourcesContent: contents })
}

/** The folder of the sources, or the library, that most of an output comes from. */
function origin(inputs) {
  const bytes = new Map()
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const name = /^(?:node_modules|src)\/([^/]+?)(?:\.ts)?(?:\/|$)/.exec(path)?.[1] ?? 'shared'
    bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput)
  }
  return [...bytes].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? 'shared'
}

// Shared chunks have no names of their own, but stacks of processes without source maps show what they are called.
const shared = /\bchunk-(?=[A-Z0-9]{8}\.js)/g
const origins = new Map(
  Object.entries(metafile.outputs).map(([path, { inputs }]) => [basename(path), origin(inputs)]),
)
const named = (text) =>
  text.replaceAll(shared, (start, at) => {
    const name = origins.get(text.slice(at, at + start.length + '12345678.js'.length))
    return name === undefined ? start : `${name}-`
  })

const written = new Set(['browser.js', 'browser.js.map'])
for (const { path: bundledPath, text } of outputFiles) {
  const path = named(bundledPath)
  await mkdir(dirname(path), { recursive: true })
  const back = relative(dirname(path), target).replaceAll('\\', '/') || '.'
  await writeFile(path, path.endsWith('.js') ? named(text.replaceAll(way, back)) : slim(text))
  written.add(relative(target, path).replaceAll('\\', '/'))
}
const licences = await Promise.all(
  bundled.map(
    async (name) => `${name}\n\n${await readFile(join(root, 'node_modules', name, 'LICENSE'), 'utf8')}`,
  ),
)
await writeFile(join(target, 'THIRD-PARTY-LICENSES'), licences.join('\n'))

// What an earlier build has left would be packed too.
for (const name of await readdir(target, { recursive: true })) {
  const path = name.replaceAll('\\', '/')
  if (/\.js(?:\.map)?$/.test(path) && !written.has(path)) await rm(join(target, name))
}
