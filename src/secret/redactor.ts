import { Matcher } from './matcher.ts'
import { withoutSpans, type Span } from './spans.ts'
import { shortest, writtenForms } from './written-forms.ts'

/** Takes known secrets out of texts, however they are written there; `[secret NAME]` stands in their place. */
export class Redactor {
  readonly #patterns = new Map<string, string>()
  #matcher: Matcher | undefined

  /** Knows no secret: everything stays as it is. */
  get isEmpty(): boolean {
    return this.#patterns.size === 0
  }

  /** Knows a secret from here on; bare and trimmed it has 8 characters or more. */
  add(name: string, value: string): void {
    for (const form of writtenForms(value)) if (!this.#patterns.has(form)) this.#patterns.set(form, name)
    this.#matcher = undefined
  }

  /** Where secrets stand in a text, in order; those that overlap are one. */
  find(text: string): readonly Span[] {
    return this.isEmpty || text.length < shortest ? [] : this.#current().find(text)
  }

  /** The end of a text where that may be the beginning of a secret. */
  opening(text: string): Span | undefined {
    return this.isEmpty ? undefined : this.#current().opening(text)
  }

  /** The name of the first secret in a text. */
  holds(text: string): string | undefined {
    return this.find(text)[0]?.name
  }

  /** A text without secrets. */
  text(text: string): string {
    const spans = this.find(text)
    return spans.length === 0 ? text : withoutSpans(text, spans, 0, text.length)
  }

  /** Made when it is first needed: several secrets are added one after the other. */
  #current(): Matcher {
    return (this.#matcher ??= new Matcher(this.#patterns))
  }
}
