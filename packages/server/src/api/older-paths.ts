/**
 * The paths under which a stable client endpoint also answers, for older clients.
 * @param path what follows `/_matrix/client/v3`.
 */
export function olderPaths(path: `/${string}`): `/${string}`[] {
  return [`/_matrix/client/r0${path}`, `/_matrix/client/unstable${path}`, `/_matrix/client/api/v1${path}`]
}
