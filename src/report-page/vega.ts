import type { Json } from '../internal/json.ts'

/** A drawn specification, or why it is not drawn. */
export type Drawn = { readonly svg: string } | { readonly problem: string }

interface VegaLite {
  readonly compile: (spec: object) => { readonly spec: object }
}

interface Vega {
  readonly parse: (spec: object) => object
  readonly View: new (
    runtime: object,
    options: { readonly renderer: 'none'; readonly loader: unknown; readonly logLevel: number },
  ) => { toSVG(): Promise<string>; finalize(): void }
}

/** What is drawn must not depend on what answers at a URL today. */
const noLoader = {
  load: (uri: string) => Promise.reject(new Error(`${uri} is not loaded`)),
  sanitize: (uri: string) => Promise.reject(new Error(`${uri} is not loaded`)),
  http: (uri: string) => Promise.reject(new Error(`${uri} is not loaded`)),
  file: (uri: string) => Promise.reject(new Error(`${uri} is not loaded`)),
}

function reads(value: Json): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, member] of Object.entries(value)) {
    if (name === 'url' && typeof member === 'string') return member
    const found = reads(member as Json)
    if (found !== undefined) return found
  }
  return undefined
}

/** Names that a bundler of an application must not follow: both are optional. */
const packages = { vega: 'vega', lite: 'vega-lite' }

/** The libraries that the project has installed; undefined without. */
async function installed(): Promise<{ vega: Vega; lite: VegaLite } | undefined> {
  try {
    const [vega, lite] = (await Promise.all([import(packages.vega), import(packages.lite)])) as [
      Vega,
      VegaLite,
    ]
    return { vega, lite }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

/** Draws a Vega-Lite specification as SVG with the project's `vega` and `vega-lite`, where they are installed. */
export async function drawSpec(spec: Json, load = installed): Promise<Drawn> {
  const libraries = await load()
  if (libraries === undefined)
    return { problem: 'vega and vega-lite are not installed here: npm install vega vega-lite' }
  const url = reads(spec)
  if (url !== undefined)
    return { problem: `its data is behind a URL (${url}): put the values into the specification` }
  try {
    const view = new libraries.vega.View(libraries.vega.parse(libraries.lite.compile(spec as object).spec), {
      renderer: 'none',
      loader: noLoader,
      logLevel: 0,
    })
    const svg = await view.toSVG()
    view.finalize()
    return { svg }
  } catch (error) {
    return { problem: `it cannot be drawn: ${(error as Error).message}` }
  }
}
