// SPDX-License-Identifier: Apache-2.0
/** The API only grows: `docs/openapi.json` is what clients were promised. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { openApiDocument } from '#edge/admin/openapi.ts'
import { lostBetween } from './support/openapi-growth.ts'

const promised: { readonly info: { readonly version: string } } = JSON.parse(
  readFileSync('docs/openapi.json', 'utf8'),
)
const now = JSON.parse(JSON.stringify(openApiDocument(promised.info.version)))

test('nothing that was promised is gone', () => assert.deepEqual(lostBetween(promised, now), []))

test('what grew is written down: node scripts/freeze-openapi.ts', () =>
  assert.deepEqual(now, promised))

test('a lost path, a lost answer and a new demand are each found', () => {
  const shape = (demand: boolean, answer: object) => ({
    paths: {
      '/things': {
        get: {
          parameters: [{ name: 'limit', required: demand }],
          responses: {
            200: { content: { 'application/json': { schema: { properties: answer } } } },
          },
        },
      },
    },
  })
  assert.deepEqual(lostBetween(shape(false, { id: {} }), { paths: {} }), ['GET /things is gone'])
  assert.deepEqual(lostBetween(shape(false, { id: {} }), shape(true, {})), [
    'GET /things now demands limit',
    'GET /things 200 no longer gives id',
  ])
  assert.deepEqual(lostBetween(shape(true, { id: {} }), shape(false, { id: {}, name: {} })), [])
})
