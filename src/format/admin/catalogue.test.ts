// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { catalogueText } from '../../../test/support/catalogue-text.ts'
import { loadOperation } from './load-operation.ts'
import { operationNames, operationOf } from './operations.ts'

test('the catalogue says what the table says: node scripts/write-catalogue.ts', async () => {
  const path = new URL('catalogue.ts', import.meta.url)
  assert.equal(readFileSync(path, 'utf8'), await catalogueText())
})

test('a row that is loaded alone is the row of the table', async () => {
  for (const name of operationNames) assert.equal(await loadOperation(name), operationOf(name))
})
