// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Route } from './message.ts'
import { makeRouter } from './router.ts'

function route(method: Route['method'], path: string): Route {
  const handler = async () => ({ status: 200, headers: {}, body: path })
  return { method, path, maxBodyBytes: 0, handler }
}

const router = makeRouter([
  route('GET', '/a'),
  route('POST', '/a'),
  route('GET', '/a/*'),
  route('GET', '/a/b/*'),
])

function found(method: string, path: string): string {
  const routed = router(method, path)
  return routed.kind === 'route' ? routed.route.path : routed.kind
}

test('an exact path comes before a prefix, a longer prefix before a shorter', () => {
  assert.equal(found('GET', '/a'), '/a')
  assert.equal(found('GET', '/a/c'), '/a/*')
  assert.equal(found('GET', '/a/b/c'), '/a/b/*')
  assert.equal(found('GET', '/a/'), '/a/*')
})

test('HEAD finds the route of GET', () => assert.equal(found('HEAD', '/a'), '/a'))

test('an unknown path is unknown, however it is dressed up', () => {
  for (const path of ['', '*', '/', '/A', '/ab', '//a', '/./a', '/x/../a', '/%61'])
    assert.equal(found('GET', path), 'path-unknown', path)
})

test('an unknown method hears which the path takes', () => {
  assert.deepEqual(router('PUT', '/a'), { kind: 'method-unknown', allow: 'GET, HEAD, POST' })
})

test('two routes with one method and path are a fault of the program', () => {
  assert.throws(() => makeRouter([route('GET', '/a'), route('GET', '/a')]), /two routes GET \/a/)
})
