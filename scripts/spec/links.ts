/** Documents of the specification that a link may point to. */
const DOCUMENT =
  /^(?:(?:client-server|server-server|application-service|identity-service|push-gateway)-api|appendices|rooms(?:\/v\d+)?)\/(?:#[a-z0-9_-]+)?$/

/** A link to the specification, as it stands behind `@spec` in a comment. */
export interface SpecLink {
  readonly target: string
  readonly line: number
}

/** The `@spec` links of a source text. */
export function specLinks(text: string): SpecLink[] {
  return text.split('\n').flatMap((content, index) => {
    // In backticks it is spoken about, not used.
    return [...content.matchAll(/(?<!`)@spec(?:\s+(\S+))?/g)].map(([, target = '']) => ({ target, line: index + 1 }))
  })
}

/** Whether a link names a document of the specification, with a trailing slash, and an anchor as its pages have them. */
export function isSpecLink(target: string): boolean {
  return DOCUMENT.test(target)
}

/** The anchor of an endpoint on the specification's pages: `PUT /_matrix/x/{y}` has `put_matrixxy`. */
export function endpointAnchor(method: string, path: string): string {
  return `${method}${path}`.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '')
}
