// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FormatError } from '#format/format-error.ts'
import { mutateText } from '../../../../test/fuzz/mutate-text.ts'
import { Random, seedOfRun } from '../../../../test/fuzz/random.ts'
import { ejbca } from './ejbca.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const reply = (status: number, text: string) =>
  ({ kind: 'reply', status, headers: {}, body: utf8(text) }) as const
const der = Uint8Array.of(0x30, 0x82, 0x01, 0x00, 7)

test('a certificate comes with those above it, and one that is encoded twice is read', () => {
  const body = { certificate: der.toBase64(), certificate_chain: [der.toBase64()] }
  const heard = ejbca.heard(reply(201, JSON.stringify(body)))
  assert.deepEqual(heard, { kind: 'certificates', certificates: [der, der] })
  const twice = Buffer.from(der.toBase64()).toString('base64')
  const found = ejbca.found(reply(200, JSON.stringify({ certificates: [{ certificate: twice }] })))
  assert.deepEqual(found, [der])
  assert.equal(ejbca.found(reply(200, '{"certificates":[]}')), undefined)
})

test('only what is sure to have signed nothing is called so', () => {
  const kindOf = (status: number, text = '{"error_message":"x"}') =>
    ejbca.heard(reply(status, text)).kind
  assert.deepEqual(
    [202, 400, 403, 404, 409, 422, 429, 500, 502, 503, 504, 302].map((status) => kindOf(status)),
    [
      ...['waiting', 'turned-down', 'turned-down', 'turned-down', 'turned-down', 'turned-down'],
      ...['unreached', 'unknown', 'unknown', 'unreached', 'unknown', 'unknown'],
    ],
  )
  assert.throws(() => ejbca.heard(reply(200, 'fine')), FormatError)
  assert.throws(() => ejbca.found(reply(500, '{}')), FormatError, 'not to know is not to be absent')
})

test('the number of a request that is kept is read where it is told', () => {
  const kept = (message: string) =>
    ejbca.heard(reply(202, JSON.stringify({ error_message: message }))).kept
  assert.equal(kept('The request with ID 4711 is waiting'), '4711')
  assert.equal(kept('waiting'), undefined)
})

test('whatever is answered, nothing but a refusal to read it comes of it', () => {
  const seed = seedOfRun()
  const random = new Random(seed)
  const seeds = [
    JSON.stringify({ certificate: der.toBase64(), certificate_chain: [der.toBase64()] }),
    JSON.stringify({ certificates: [{ certificate: der.toBase64() }] }),
    JSON.stringify({ error_code: 202, error_message: 'ID 1', status: 'OK', version: '1' }),
  ]
  let refused = 0
  for (let count = 0; count < 20_000; count++) {
    const body = mutateText(random, utf8(seeds[count % seeds.length] ?? ''))
    for (const read of [ejbca.heard, ejbca.found, ejbca.says])
      try {
        read({ kind: 'reply', status: 200, headers: {}, body })
      } catch (error) {
        assert.ok(error instanceof FormatError, `${String(error)}, FUZZ_SEED=${seed}`)
        refused++
      }
  }
  assert.ok(refused > 1_000)
})
