import { olderPaths } from '../older-paths.ts'

/** The paths that name state with the empty state key: it may be left out, with or without the slash before it. */
export function statePathsWithoutKey(): `/${string}`[] {
  const paths = ['/rooms/{roomId}/state/{eventType}', '/rooms/{roomId}/state/{eventType}/'] as const
  return paths.flatMap((path) => [`/_matrix/client/v3${path}` as const, ...olderPaths(path)])
}
