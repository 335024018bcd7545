import { builtinModules } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

// Bundles what browsers get as `pipewright`: the define and plan layers, without a builtin of Node. Takes the file to
// write; default dist/browser.js.
const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))

/** Libraries that run in browsers as they are; whoever bundles the application resolves them. */
const kept = new Set(['@dagrejs/graphlib', '@noble/hashes/sha2.js', '@noble/hashes/utils.js'])

const missing = (what) =>
  `new PipewrightError('DEPENDENCY_MISSING', ${JSON.stringify(`${what} is not there in a browser`)}, { fix: 'define and plan in the browser; run steps, and read and write values, in Node' })`

const withoutNode = {
  name: 'without-node',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/internal\/call-site\.ts$|^\.\/call-site\.ts$/ }, () => ({
      path: path('src/browser/call-site.ts'),
    }))
    onResolve({ filter: /^node:crypto$/ }, () => ({ path: path('src/browser/crypto.ts') }))
    onResolve({ filter: /^[^./]/ }, ({ path: name, kind, resolveDir }) => {
      if (kind === 'entry-point') return undefined
      if (kept.has(name)) return { path: name, external: true }
      return { path: name, namespace: 'missing', pluginData: { resolveDir } }
    })
    onLoad({ filter: /.*/, namespace: 'missing' }, async ({ path: name }) => {
      const importError = `import { PipewrightError } from ${JSON.stringify(path('src/internal/error.ts'))}\n`
      const resolveDir = path('src')
      // A package is loaded when it is first used: that throws.
      if (!builtinModules.includes(name.replace(/^node:/, '')))
        return { contents: `${importError}throw ${missing(name)}`, resolveDir }
      const names = Object.keys(await import(name)).filter(
        (one) => /^[a-z]\w*$/i.test(one) && one !== 'default',
      )
      const functions = names.map(
        (one) => `export function ${one}() { throw ${missing(`${name} (${one})`)} }`,
      )
      return { contents: importError + functions.join('\n'), resolveDir }
    })
  },
}

await build({
  entryPoints: [path('src/browser/index.ts')],
  outfile: process.argv[2] ?? path('dist/browser.js'),
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
  plugins: [withoutNode],
})
