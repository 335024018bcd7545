import { Converter } from 'typedoc'

/** A plugin of TypeDoc: pages are named by their first heading, not by their file. */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const [first] = document.content
    const heading = /^# (.+)$/m.exec(first?.kind === 'text' ? first.text : '')?.[1]
    if (heading !== undefined) document.name = heading.replaceAll('`', '')
  })
}
