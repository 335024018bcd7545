import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

// Bundles the script and the style of the page of a run into a module of two texts: it is found wherever the package
// is, also inside of a bundle of an application.
const at = (path) => fileURLToPath(new URL(`../src/report-page/${path}`, import.meta.url))

async function bundled(entry) {
  const { outputFiles, warnings, metafile } = await build({
    entryPoints: [at(entry)],
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'iife',
    target: ['chrome111', 'firefox113', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'inline',
    charset: 'utf8',
    logLevel: 'warning',
  })
  if (warnings.length > 0) process.exit(1)
  // The end of a script element must not stand in it, nor that of a style.
  const text = outputFiles[0].text.trim().replaceAll(/<\/(?=script|style)/gi, String.raw`<\/`)
  return entry.endsWith('.css') ? text : notices(metafile.inputs) + text
}

/** What is bundled, with the notices that its licences ask for. */
function notices(inputs) {
  const names = new Set(
    Object.keys(inputs).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  )
  const texts = [...names].toSorted().map((name) => {
    const read = (file) => readFileSync(new URL(`../node_modules/${name}/${file}`, import.meta.url), 'utf8')
    const { version } = JSON.parse(read('package.json'))
    return `${name} ${version}\n${read('LICENSE').trim()}`
  })
  return `/*\n${texts.join('\n\n').replaceAll('*/', '* /')}\n*/\n`
}

const [script, style] = await Promise.all([bundled('page/main.tsx'), bundled('page/style.css')])
writeFileSync(
  at('page-bundle.ts'),
  `/** Made by scripts/build-page.mjs of src/report-page/page. */\nexport const script = ${JSON.stringify(script)}\n\n/** The same. */\nexport const style = ${JSON.stringify(style)}\n`,
)
