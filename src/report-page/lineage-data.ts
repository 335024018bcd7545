import type { Digest } from '../internal/digest.ts'
import type { RunDetail } from '../record/records.ts'
import type { Ingredient, Making, Story } from '../lineage/why.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { extentOf } from './artifacts.ts'
import { limits } from './budget.ts'
import { shown } from './shown.ts'
import type { PageChapter, PageLineage } from './page-data.ts'

const mostInputs = 40

/** Puts the stories of several artifacts together, each chapter once, the nearest first. */
class Chapters {
  readonly list: PageChapter[] = []
  readonly #numbers = new Map<string, number>()
  #story: Story | undefined
  #open: string[] = []

  /** The number of the chapter that a story begins with. */
  add(story: Story): number | undefined {
    const [root] = story.roots
    if (root === undefined) return undefined
    this.#story = story
    this.#open = []
    const number = this.#numberOf(root)
    for (let at = 0; at < this.#open.length; at++) {
      const key = this.#open[at]!
      this.list[this.#numbers.get(key)!] = this.#chapter(key)
    }
    return typeof number === 'number' ? number : undefined
  }

  #numberOf(key: string): number | string {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const chapter = this.#story!.artifacts[key]
    if (chapter === undefined) return 'no longer recorded'
    const { kind, digest } = chapter.artifact
    if (this.list.length >= limits.chapters) return `${kind} ${digest.slice(7, 19)}, and so on`
    const number = this.list.push({ kind, digest, extent: extentOf(chapter.artifact) }) - 1
    this.#numbers.set(key, number)
    this.#open.push(key)
    return number
  }

  #chapter(key: string): PageChapter {
    const { artifact, making, path } = this.#story!.artifacts[key]!
    return {
      kind: artifact.kind,
      digest: artifact.digest,
      extent: extentOf(artifact),
      ...(making === null ? {} : { making: this.#making(making) }),
      ...(path === null ? {} : { path: shown(path, 300) }),
    }
  }

  #making(making: Making): PageChapter['making'] & object {
    const { node, step, run, pipeline, startedAt, code, params, reused } = making
    const flat = Object.entries(making.inputs).flatMap(([name, ingredient]) =>
      'list' in ingredient
        ? ingredient.list.map((item, index): [string, Ingredient] => [`${name}[${index}]`, item])
        : [[name, ingredient] as [string, Ingredient]],
    )
    const inputs = flat
      .slice(0, mostInputs)
      .map(([name, ingredient]) => [shown(name, 120), this.#source(ingredient)] as const)
    return {
      node,
      step,
      run,
      pipeline,
      at: new Date(startedAt).toISOString(),
      ...(code === null ? {} : { code }),
      ...(Object.keys(params).length === 0 ? {} : { params }),
      ...(reused ? { reused } : {}),
      inputs,
      more: flat.length - inputs.length,
    }
  }

  #source(ingredient: Ingredient): number | string {
    if ('artifact' in ingredient) return this.#numberOf(ingredient.artifact)
    if ('value' in ingredient) return shown(JSON.stringify(ingredient.value), 200)
    return 'list' in ingredient ? `a list of ${ingredient.list.length}` : '(none)'
  }
}

/** Where the outputs of a run come from, models and files first. */
export async function lineageOf(pw: Workspace, detail: RunDetail): Promise<PageLineage> {
  const kinds = ['model', 'file', 'directory', 'table', 'report', 'list', 'metrics', 'json']
  const outputs = Object.entries(detail.outputs)
    .flatMap(([name, value]) => ('artifact' in value ? [{ name, artifact: value.artifact }] : []))
    .toSorted((a, b) => kinds.indexOf(a.artifact.kind) - kinds.indexOf(b.artifact.kind))
  const chapters = new Chapters()
  const roots: { name: string; chapter: number }[] = []
  for (const { name, artifact } of outputs.slice(0, limits.stories)) {
    const story = await pw.why(artifact.digest as Digest).catch(() => undefined)
    const chapter = story === undefined ? undefined : chapters.add(story)
    if (chapter !== undefined) roots.push({ name: shown(name, 120), chapter })
  }
  const left = outputs.length - Math.min(outputs.length, limits.stories)
  return {
    roots,
    chapters: chapters.list,
    ...(left > 0 ? { note: `${left} more outputs: pw.why(digest) tells of each` } : {}),
  }
}
