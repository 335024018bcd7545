import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Peer } from '../peer.ts'

interface TruthCase {
  readonly title: string
  /** The step whose execution is the verdict. */
  readonly step: string
  readonly should: 'hit' | 'run'
}

/** The cases, each with modules, steps and inputs of its own, so that one edit touches one case. */
export const truthCases: readonly TruthCase[] = [
  { title: 'helper in another module edited', step: 'helped', should: 'run' },
  { title: 'comment in the step edited', step: 'commented', should: 'hit' },
  { title: 'same bytes under a new path', step: 'moved', should: 'hit' },
  { title: 'new bytes under the same path', step: 'rewritten', should: 'run' },
  { title: 'upstream step edited, equal output', step: 'downstream', should: 'hit' },
  { title: 'parameter 1 becomes "1"', step: 'typed', should: 'run' },
  { title: "parameters x, y: ('1y2', '3') become ('1', '2y3')", step: 'split', should: 'run' },
  { title: 'imported package bumped', step: 'packaged', should: 'run' },
]

/** Steps beside them: one that nothing touches, and the upstream one of the fifth case. */
export const control = 'control'
export const upstream = 'upstream'

interface Inputs {
  readonly value: number
  readonly one: number | string
  readonly path: string
  readonly file: string
  readonly x: string
  readonly y: string
}

export async function writeInputs(folder: string): Promise<void> {
  const inputs: Inputs = {
    value: 1,
    one: 1,
    path: join(folder, 'place.txt'),
    file: join(folder, 'content.txt'),
    x: '1y2',
    y: '3',
  }
  await writeFile(inputs.path, 'the same bytes\n')
  await writeFile(inputs.file, 'the first bytes\n')
  await writeFile(join(folder, 'inputs.json'), JSON.stringify(inputs))
}

/** An installed package, as an installer leaves it. */
export async function writePackage(
  folder: string,
  language: Peer['language'],
  version: string,
): Promise<void> {
  const place = language === 'python' ? join(folder, 'peersdep') : join(folder, 'node_modules/peersdep')
  await mkdir(place, { recursive: true })
  if (language === 'node') {
    const manifest = { name: 'peersdep', version, type: 'module', main: 'index.js' }
    await writeFile(join(place, 'package.json'), JSON.stringify(manifest))
    await writeFile(join(place, 'index.js'), `export const version = '${version}'\n`)
    return
  }
  await writeFile(join(place, '__init__.py'), `version = '${version}'\n`)
  for (const old of ['1.0.0', '2.0.0']) {
    await rm(join(folder, `peersdep-${old}.dist-info`), { recursive: true, force: true })
  }
  const info = join(folder, `peersdep-${version}.dist-info`)
  await mkdir(info)
  await writeFile(join(info, 'METADATA'), `Metadata-Version: 2.1\nName: peersdep\nVersion: ${version}\n`)
  await writeFile(join(info, 'INSTALLER'), 'pip\n')
}

/** Makes the edits of all cases. */
export async function edit(folder: string, language: Peer['language']): Promise<void> {
  const extension = language === 'python' ? 'py' : 'mjs'
  const modules = (name: string): readonly string[] =>
    [`${name}.${extension}`, `${name}_component.${extension}`].map((file) => join(folder, file))
  await replace(modules('helper'), 'value * 2', 'value * 3')
  await replace(modules('commented'), 'the first comment', 'another comment')
  await replace(modules('upstream'), '1 + 1', '3 - 1')
  await writePackage(folder, language, '2.0.0')
  const file = join(folder, 'inputs.json')
  const inputs = JSON.parse(await readFile(file, 'utf8')) as Inputs
  const path = join(folder, 'another-place.txt')
  await cp(inputs.path, path)
  await writeFile(inputs.file, 'other bytes\n')
  await writeFile(file, JSON.stringify({ ...inputs, path, one: '1', x: '1', y: '2y3' }))
}

async function replace(paths: readonly string[], from: string, to: string): Promise<void> {
  const there = paths.filter((path) => existsSync(path))
  for (const path of there) {
    const text = await readFile(path, 'utf8')
    if (text.includes(from)) await writeFile(path, text.replace(from, to))
  }
  const texts = await Promise.all(there.map((path) => readFile(path, 'utf8')))
  if (!texts.some((text) => text.includes(to))) throw new Error(`nothing to edit in ${there.join(', ')}`)
}
