import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Application, IndexEvent, type TypeDocOptions } from 'typedoc'
import { expect, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))

const example = (code: string): string => `/**\n * @example\n * \`\`\`ts\n * ${code}\n * \`\`\`\n */`

const bare = `
export declare function bare(): void
export declare const constant: () => void
export declare class Bare { readonly size: number }
export interface ThingOptions { readonly size: number }
export interface ThingReport { readonly size: number }
`

const shown = `
${example('shown()')}
export declare function shown(): void
${example('constant()')}
export declare const constant: () => void
${example('{ size: 1 }')}
export type ThingPolicy = { readonly size: number }
${example('pick(1)')}
export declare function pick(n: number): void
export declare function pick(n: string): void
`

const members = `{
  open(): void
  openAll(): void
  get state(): string
  get size(): number
  ${example('thing.close()')}
  close(): void
  [Symbol.iterator](): Iterator<string>
}`

const owners = `
${example('thing.open(); thing.size')}
export declare class Thing ${members}
${example('derived')}
export declare class Derived extends Thing {}
export interface Handle { open(): void }
/** @port */
export interface Store { open(): void }
`

const pages = {
  'start.md': '# Getting `started`\n',
  'guides/README.md': '# Guides\n\n- [Second](second.md)\n- [Start](../start.md)\n- [First](first.md)\n',
  'guides/first.md': '# First\n\nText.\n\n## Then\n',
  'guides/second.md': '# Second\n',
  'guides/unlinked.md': 'No heading, and no link to it.\n',
}

interface Built {
  /** What the build would fail for. */
  readonly complaints: string[]
  /** The entries of the menu, with those below them. */
  readonly menu: Record<string, string[]>
  /** What the search finds a page by, beside its name and its text. */
  readonly headings: Record<string, string>
}

async function build(): Promise<Built> {
  const folder = await tempFolder()
  const compilerOptions = { strict: true, lib: ['ES2022'], types: [] }
  const files = {
    ...Object.fromEntries(
      Object.entries({ bare, shown, owners }).map(([name, text]) => [`${name}.ts`, text]),
    ),
    ...pages,
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts'] }),
  }
  await mkdir(join(folder, 'guides'))
  for (const [path, text] of Object.entries(files)) await writeFile(join(folder, path), text)
  const settings: TypeDocOptions = {
    entryPoints: [`${folder}/*.ts`],
    projectDocuments: Object.keys(pages).map((path) => join(folder, path)),
    tsconfig: join(folder, 'tsconfig.json'),
    plugin: ['pages', 'examples'].map((name) => `${repository}scripts/typedoc-${name}.mjs`),
    modifierTags: ['@port'],
    name: 'site',
    readme: 'none',
    logLevel: 'Warn',
    validation: false,
  }
  // Without readers, for the settings of this project are not those of the test.
  const app = await Application.bootstrapWithPlugins(settings, [])
  const complaints: string[] = []
  app.logger.validationWarning = (message: string) => void complaints.push(message)
  const project = await app.convert()
  if (project === undefined) throw new Error('the sources do not compile')
  app.validate(project)
  const menu = Object.fromEntries(
    (project.documents ?? []).map(({ name, children = [] }) => [name, children.map((child) => child.name)]),
  )
  const documents = project.documents?.flatMap((one) => [one, ...(one.children ?? [])]) ?? []
  const event = new IndexEvent(documents)
  app.renderer.trigger(IndexEvent.PREPARE_INDEX, event)
  const headings = Object.fromEntries(
    documents.map(({ name }, at) => [name, event.searchFields[at]!['heading'] as string]),
  )
  return { complaints, menu, headings }
}

test('examples are required of what users call or write; pages stand below the README of their folder and are found by their headings', async () => {
  const { complaints, menu, headings } = await build()
  expect(headings).toMatchObject({ Guides: 'Guides', First: 'First Then', 'guides/unlinked': '' })
  expect(menu).toEqual({ 'Getting started': [], Guides: ['Second', 'First', 'guides/unlinked'] })
  expect(complaints.toSorted()).toEqual([
    'bare.Bare has no @example',
    'bare.ThingOptions has no @example',
    'bare.bare has no @example',
    'bare.constant has no @example',
    'owners.Handle.open has no @example, nor is it used in one of Handle',
    'owners.Thing.openAll has no @example, nor is it used in one of Thing',
    'owners.Thing.state has no @example, nor is it used in one of Thing',
  ])
})
