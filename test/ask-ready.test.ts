// SPDX-License-Identifier: Apache-2.0
/** The small program by which a unit and a container ask whether the server serves. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'

let answers: (readonly [status: number, words: string])[] = []
const server = createServer((_request, response) => {
  const [status, words] = answers.length > 1 ? answers.shift()! : answers[0]!
  response.writeHead(status, { Connection: 'close' }).end(words)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
after(() => server.close())
const { port } = server.address() as AddressInfo

async function asked(...words: readonly string[]) {
  const child = spawn(process.execPath, ['deploy/ask-ready.mjs', ...words])
  const [errors, [status]] = await Promise.all([text(child.stderr), once(child, 'close')])
  return { status, errors }
}

test('it asks until the server is ready', async () => {
  answers = [
    [503, 'not ready: keys'],
    [503, 'not ready: doors'],
    [200, 'ready'],
  ]
  assert.deepEqual(await asked(`http://127.0.0.1:${port}/readyz`, '60'), { status: 0, errors: '' })
  assert.equal(answers.length, 1)
})

test('a server that serves and waits for its token alone has started', async () => {
  answers = [[503, 'not ready: signing']]
  const { status } = await asked(`http://127.0.0.1:${port}/readyz`)
  assert.equal(status, 0)
  answers = [[503, 'not ready: store, signing']]
  assert.equal((await asked(`http://127.0.0.1:${port}/readyz`)).status, 1)
})

test('it says why the server is not ready, once its time is over', async () => {
  answers = [[503, 'not ready: store\n']]
  const url = `http://127.0.0.1:${port}/readyz`
  assert.deepEqual(await asked(url), { status: 1, errors: `vitalsign: ${url}: not ready: store\n` })
})

test('nobody who answers is not ready either', async () => {
  const { status, errors } = await asked('http://127.0.0.1:1/readyz', '0')
  assert.equal(status, 1)
  assert.match(errors, /ECONNREFUSED|bad port/)
})
