// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { writeAnswer } from './answer.ts'

test('the bytes of a secret body are overwritten once they have left, those of another are not', async () => {
  const secret = new TextEncoder().encode('a private key')
  const open = new TextEncoder().encode('a certificate')
  const closed: Promise<unknown>[] = []
  const server = createServer((request, response) => {
    closed.push(once(response, 'close'))
    const isSecret = request.url === '/secret'
    const body = isSecret ? secret : open
    void writeAnswer(response, { status: 200, headers: {}, body, ...(isSecret && { wipe: true }) })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const told = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  assert.equal(await told('/secret'), 'a private key')
  assert.equal(await told('/'), 'a certificate')
  await Promise.all(closed)
  server.close()
  assert.deepEqual(secret, new Uint8Array(secret.length))
  assert.equal(new TextDecoder().decode(open), 'a certificate')
})
