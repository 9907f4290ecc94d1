// SPDX-License-Identifier: Apache-2.0
import type { Route } from './message.ts'

export type Routed =
  | { readonly kind: 'route'; readonly route: Route }
  /** The path is known, the method is not; `allow` is the value of the Allow field. */
  | { readonly kind: 'method-unknown'; readonly allow: string }
  | { readonly kind: 'path-unknown' }

export type Router = (method: string, path: string) => Routed

/**
 * Makes the look-up of a front's routes.
 *
 * An exact path comes before a prefix, a longer prefix before a shorter one. HEAD finds GET's route.
 * Paths are compared as sent: nothing is decoded, and no dot segment is resolved.
 *
 * @throws Error if two routes share method and path: a fault of the program
 */
export function makeRouter(routes: readonly Route[]): Router {
  const exact = new Map<string, Map<string, Route>>()
  const prefixes = new Map<string, Map<string, Route>>()
  for (const route of routes) {
    const isPrefix = route.path.endsWith('/*')
    const key = isPrefix ? route.path.slice(0, -1) : route.path
    const methods = entry(isPrefix ? prefixes : exact, key)
    if (methods.has(route.method)) throw new Error(`two routes ${route.method} ${route.path}`)
    methods.set(route.method, route)
  }
  const longestFirst = [...prefixes].sort(([a], [b]) => b.length - a.length)
  return (method, path) => {
    const methods = exact.get(path) ?? longestFirst.find(([prefix]) => path.startsWith(prefix))?.[1]
    if (methods === undefined) return { kind: 'path-unknown' }
    const route = methods.get(method === 'HEAD' ? 'GET' : method)
    return route === undefined
      ? { kind: 'method-unknown', allow: allowOf([...methods.keys()]) }
      : { kind: 'route', route }
  }
}

/** The value of an Allow field: HEAD stands wherever GET does. RFC 9110 section 10.2.1. */
export function allowOf(methods: readonly string[]): string {
  return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')
}

function entry(map: Map<string, Map<string, Route>>, key: string): Map<string, Route> {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = new Map<string, Route>()
  map.set(key, made)
  return made
}
