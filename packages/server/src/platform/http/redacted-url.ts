/** Query parameters that are secrets or let somebody act for another. */
const SECRET = new Set([
  'access_token',
  'client_secret',
  'code',
  'loginToken',
  'password',
  'session',
  'state',
  'ticket',
  'token',
])

/** A URL as it may be logged: values of secret query parameters are left out, however their names are encoded. */
export function redactedUrl(url: string): string {
  const start = url.indexOf('?')
  if (start === -1) return url
  const pairs = url.slice(start + 1).split('&')
  return `${url.slice(0, start)}?${pairs.map(redactedPair).join('&')}`
}

function redactedPair(pair: string): string {
  const [name = ''] = pair.split('=', 1)
  return SECRET.has(decodedName(name)) ? `${name}=<redacted>` : pair
}

function decodedName(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '))
  } catch {
    return name
  }
}
