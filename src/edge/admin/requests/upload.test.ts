// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { RefusalError } from '../answers/problem.ts'
import { uploadOf } from './upload.ts'

const chunks = () =>
  Readable.from([Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)], { objectMode: false })

function refusedAs(reason: string) {
  return (error: unknown) => error instanceof RefusalError && error.refused.reason === reason
}

test('an upload is handed on as it comes, up to its limit', async () => {
  assert.equal(Buffer.concat(await Array.fromAsync(uploadOf(chunks(), 5))).length, 5)
  await assert.rejects(Array.fromAsync(uploadOf(chunks(), 4)), refusedAs('request-too-large'))
  await assert.rejects(Array.fromAsync(uploadOf(undefined)), refusedAs('input-wrong'))
})

test('what a reader leaves is thrown away, so that the sender can finish and hear why', async () => {
  const body = chunks()
  for await (const _ of uploadOf(body)) break
  if (!body.readableEnded) await once(body, 'end')
  assert.equal(body.errored, null)
})
