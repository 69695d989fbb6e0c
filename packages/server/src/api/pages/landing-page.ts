import { createHash } from 'node:crypto'
import type { Config } from '../../platform/config/index.ts'
import { Html, html } from './html.ts'

const STYLE = `
:root { color-scheme: light dark; --accent: #4b3fa8; --edge: #d9d7e5; --panel: #f6f5fb; --soft: #55526b }
@media (prefers-color-scheme: dark) { :root { --accent: #b3a8ff; --edge: #3b3850; --panel: #1e1c2a; --soft: #b5b1cc } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 2rem 1rem;
  font: 1.05rem/1.6 system-ui, sans-serif }
main { width: 100%; max-width: 38rem }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 1rem; overflow-wrap: anywhere }
h2 { font-size: 1.1rem; margin: 0 0 .5rem }
p { margin: 0 0 1rem }
a { color: var(--accent) }
a:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px }
img { display: block; max-width: 12rem; max-height: 6rem; margin: 0 0 1.5rem }
section { border: 1px solid var(--edge); background: var(--panel); border-radius: .75rem; padding: 1.25rem 1.5rem;
  margin: 1.5rem 0 }
section > :last-child { margin-bottom: 0 }
ol { padding-left: 1.25rem; margin: 0 0 1rem }
code { font: .95em ui-monospace, monospace; overflow-wrap: anywhere; user-select: all }
ul { list-style: none; padding: 0; margin: 0 0 1.5rem; display: flex; flex-wrap: wrap; gap: .5rem 1.5rem }
footer { color: var(--soft); font-size: .9rem }
`

/** What the landing page is made of. */
export interface LandingPageView {
  readonly config: Pick<Config, 'server_name' | 'landing_page'>
  /** URL that people type into their app. */
  readonly baseUrl: string
}

/** The page for people who open the server in a browser: what it is, and how to reach it with an app. */
export function landingPage({ config, baseUrl }: LandingPageView): string {
  const { title, text, logo, links } = config.landing_page
  const heading = title ?? config.server_name
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading}</title>
<style>${styleSheet()}</style>
</head>
<body>
<main>
${logo === null ? null : html`<img src="${logo}" alt="">`}
<h1>${heading}</h1>
${text === null ? defaultText(config.server_name) : paragraphs(text)}
<section aria-labelledby="apps">
<h2 id="apps">Sign in with an app</h2>
<ol>
<li>Open <a href="https://app.element.io/">Element</a> in this browser, or choose
<a href="https://matrix.org/ecosystem/clients/">another app</a> for your phone or computer.</li>
<li>Where it asks for your homeserver, choose to use another one and type <code>${baseUrl}</code></li>
</ol>
</section>
${links.length === 0 ? null : html`<nav aria-label="More"><ul>${links.map(linkItem)}</ul></nav>`}
<footer>A <a href="https://matrix.org/">Matrix</a> homeserver, run with Magik.</footer>
</main>
</body>
</html>
`
  return page.source
}

/**
 * What a browser may do on the landing page: show its one style sheet and pictures.
 * @returns the value of `Content-Security-Policy`.
 */
export function landingPagePolicy(): string {
  const styleHash = createHash('sha256').update(STYLE).digest('base64')
  return [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    'img-src http: https:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function styleSheet(): Html {
  // As it is: escaping would change what the policy's hash covers.
  return new Html(STYLE)
}

function defaultText(serverName: string): Html {
  return html`<p>This is a Matrix homeserver: the home of accounts such as <code>@you:${serverName}</code>. With an
account you can talk to people here and on other Matrix servers.</p>`
}

function paragraphs(text: string): Html[] {
  return text
    .split(/\n\s*\n/u)
    .filter((paragraph) => paragraph.trim() !== '')
    .map((paragraph) => html`<p>${paragraph.trim()}</p>\n`)
}

function linkItem({ title, url }: { readonly title: string; readonly url: string }): Html {
  return html`<li><a href="${url}">${title}</a></li>`
}
