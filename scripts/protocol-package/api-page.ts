import type { ExportedDeclaration } from './exports.ts'

/** Where `@spec` links lead. */
const SPECIFICATION = 'https://spec.matrix.org/v1.19/'
const TAG = /^@(?<tag>\w+)\s*(?<text>.*)$/s

/** The names that are exported without a comment that says what they are. */
export function undocumented(declarations: readonly ExportedDeclaration[]): string[] {
  const documented = new Set(declarations.filter(({ doc }) => doc !== undefined && doc !== '').map(({ name }) => name))
  return [...new Set(declarations.map(({ name }) => name))].filter((name) => !documented.has(name))
}

/** API.md: every export with its signature and comment, by the modules of the sources. */
export function apiPage(packageName: string, declarations: readonly ExportedDeclaration[]): string {
  const modules = [...new Set(declarations.map(({ module }) => module))].sort()
  const sections = modules.map((module) => {
    const own = declarations.filter((declaration) => declaration.module === module)
    // A class and an interface of one name are one thing, and so are the overloads of a function.
    const names = [...new Set(own.map(({ name }) => name))]
    const entries = names.map((name) => entry(own.filter((declaration) => declaration.name === name)))
    return `## ${module}\n\n${entries.join('\n\n')}`
  })
  const introduction = `All of it is exported by \`${packageName}\` itself; the headings only name the modules of its sources.`
  return `# ${packageName}: API\n\n${introduction}\n\n${sections.join('\n\n')}\n`
}

function entry(declarations: readonly ExportedDeclaration[]): string {
  const [first] = declarations
  const docs = declarations.flatMap(({ doc }) => (doc === undefined ? [] : [describe(doc)]))
  const code = declarations.map(({ text }) => text).join('\n')
  return `### ${first?.name}\n\n\`\`\`ts\n${code}\n\`\`\`\n\n${docs.join('\n\n')}`
}

/** A comment as Markdown: its text, then its tags as a list. */
function describe(doc: string): string {
  const [text = '', ...tags] = doc.split(/(?:^|\s)(?=@(?:param|returns|throws|spec|remarks|example)\b)/)
  const items = tags.map((tag) => {
    const { tag: name = '', text: rest = '' } = TAG.exec(tag.trim())?.groups ?? {}
    const oneLine = rest.replace(/\s*\n\s*/g, ' ')
    switch (name) {
      case 'spec':
        return `- Specification: ${specLink(oneLine)}`
      case 'param':
        return `- ${oneLine.replace(/^(\S+)/, '`$1`')}`
      default:
        return `- ${name[0]?.toUpperCase()}${name.slice(1)}: ${oneLine}`
    }
  })
  return [text.trim(), items.join('\n')].filter((part) => part !== '').join('\n\n')
}

function specLink(text: string): string {
  const [target = '', ...more] = text.split(' ')
  return [/^https?:/.test(target) ? `<${target}>` : `[${target}](${SPECIFICATION}${target})`, ...more].join(' ')
}
