import type { MarkdownIt } from 'markdown-it'

let renderer: Promise<MarkdownIt> | undefined

const picture = /^data:image\/(?:png|jpeg|gif|webp|svg\+xml)[;,]/i

async function openRenderer(): Promise<MarkdownIt> {
  const { default: Markdown } = await import('markdown-it')
  const markdown = new Markdown({ html: false, linkify: false, typographer: false })
  // The page loads nothing: pictures of elsewhere are named, not fetched.
  const image = markdown.renderer.rules.image!
  markdown.renderer.rules.image = (tokens, index, options, env, self) => {
    const token = tokens[index]!
    if (picture.test(String(token.attrGet('src') ?? ''))) return image(tokens, index, options, env, self)
    return `<em>[picture: ${markdown.utils.escapeHtml(token.content)}]</em>`
  }
  markdown.renderer.rules.link_open = (tokens, index, options, _env, self) => {
    tokens[index]!.attrSet('rel', 'noopener noreferrer')
    tokens[index]!.attrSet('target', '_blank')
    return self.renderToken(tokens, index, options)
  }
  return markdown
}

/** Markdown as HTML; HTML in it is text, and links lead to http, https and mail only. */
export async function markdownHtml(text: string): Promise<string> {
  const markdown = await (renderer ??= openRenderer())
  const html = markdown.render(text)
  // Headings of a report come below those of the page, which end with the third level, and leave none out.
  const levels = [...new Set(Array.from(html.matchAll(/<h([1-6])>/g), ([, level]) => level!))].toSorted()
  return html.replaceAll(/<(\/?)h([1-6])>/g, (_tag: string, slash: string, level: string) => {
    return `<${slash}h${Math.min(6, levels.indexOf(level) + 4)}>`
  })
}
