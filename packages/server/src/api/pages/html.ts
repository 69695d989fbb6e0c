/** A piece of HTML that is safe to send as it is. */
export class Html {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Builds HTML from a template: text is escaped, `Html` is put in as it is, lists are joined, null leaves nothing behind.
 * Attributes must stand in double quotes.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.reduce((source, string, index) => source + render(values[index - 1] ?? null) + string))
}

/** What a template of `html` may hold. */
export type HtmlValue = Html | string | null | readonly Html[]

function render(value: HtmlValue): string {
  if (value === null) return ''
  if (typeof value === 'string') return value.replace(/[&<>"']/gu, (character) => ENTITIES[character] ?? '')
  if (value instanceof Html) return value.source
  return value.map(({ source }) => source).join('')
}
