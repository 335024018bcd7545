import { dirname } from 'node:path'
import { Converter, IndexEvent } from 'typedoc'

function headingOf({ content }) {
  const text = content.map((part) => part.text).join('')
  return /^# (.+)$/m.exec(text)?.[1]?.replaceAll('`', '')
}

/** What a page links to, in order. */
function linkedFrom({ content, project }) {
  return content.flatMap((part) =>
    part.kind === 'relative-link' && part.target !== undefined
      ? [project.files.resolve(part.target, project)]
      : [],
  )
}

/** Puts the pages of a folder below its README, in the order in which that links to them. */
function nest(project) {
  const pages = [...project.documents]
  const pathOf = (page) => project.files.getReflectionPath(page)
  for (const index of pages.filter((page) => pathOf(page).endsWith('/README.md'))) {
    const inside = pages.filter((page) => page !== index && dirname(pathOf(page)) === dirname(pathOf(index)))
    for (const page of new Set([...linkedFrom(index), ...inside])) {
      if (!inside.includes(page)) continue
      project.removeChild(page)
      page.parent = index
      index.addChild(page)
    }
  }
}

function headingsOf({ content }) {
  const text = content.map((part) => part.text).join('')
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading).join(' ')
}

/** Who searches for a word finds the pages with it in a heading before the members that are called so, errors behind guides. */
function weigh(event) {
  event.searchFieldWeights.heading = 60
  for (const [at, found] of event.searchResults.entries()) {
    if (!found.isDocument()) continue
    event.searchFields[at] = { heading: headingsOf(found) }
    if (found.parent?.isDocument() && found.parent.name === 'Errors') found.relevanceBoost = 0.3
  }
}

/** A plugin of TypeDoc: pages are named by their first heading, not by their file; folders of pages are entries with children. */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    document.name = headingOf(document) ?? document.name
  })
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => nest(project))
  app.renderer.on(IndexEvent.PREPARE_INDEX, weigh)
}
