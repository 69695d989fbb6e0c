/** What a request tells about the URL it was made to. */
export interface RequestAddress {
  readonly host: string | undefined
  /** `X-Forwarded-Proto`, if a reverse proxy is trusted to set it. */
  readonly forwardedProtocol: string | undefined
  readonly isEncrypted: boolean
}

/**
 * The origin a browser has in its address bar, such as `http://localhost:8008/`.
 * @returns undefined if the request does not tell, or tells nonsense.
 */
export function requestOrigin({ host, forwardedProtocol, isEncrypted }: RequestAddress): string | undefined {
  if (host === undefined || !/^(\[[0-9a-f:.]+\]|[0-9a-z.-]+)(:\d{1,5})?$/iu.test(host)) return undefined
  const direct = isEncrypted ? 'https' : 'http'
  const protocol = forwardedProtocol === 'https' || forwardedProtocol === 'http' ? forwardedProtocol : direct
  const url = `${protocol}://${host}/`
  return URL.canParse(url) ? url : undefined
}
