// SPDX-License-Identifier: Apache-2.0
/** A way to a TPM that is cut, lies, or says nothing. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { getRandom } from '#format/tpm/command/inventory.ts'
import { parseTpmAddress, shownTpmAddress } from './address.ts'
import { visitTpm } from './conversation.ts'
import { openTpmLink } from './link.ts'

const directory = mkdtempSync(join(tmpdir(), 'vitalsign-link-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(' ', ''))
const eight = hex('8001 00000014 00000000 0008 0102030405060708')

let sockets = 0
/** A TPM that answers each command by the next of these acts. */
async function scripted(...acts: readonly ((client: Socket) => void)[]) {
  const path = join(directory, `${sockets++}.sock`)
  const left = [...acts]
  const clients = new Set<Socket>()
  const server = createServer((client) => {
    clients.add(client)
    client.on('error', () => client.destroy())
    client.on('data', () => left.shift()?.(client))
  })
  server.listen(path)
  await once(server, 'listening')
  return {
    address: { kind: 'socket', path } as const,
    close() {
      for (const client of clients) client.destroy()
      server.close()
    },
  }
}

const say = (bytes: Uint8Array) => (client: Socket) => void client.write(bytes)

test('addresses are read as they are written', () => {
  for (const text of [
    'device:/dev/tpmrm0',
    'swtpm:/run/tpm.sock',
    'swtpm:localhost:2321',
    'swtpm:[::1]:2321',
  ]) {
    const address = parseTpmAddress(text)
    assert.ok(address, text)
    assert.equal(shownTpmAddress(address), text)
  }
  for (const text of [
    '',
    '/dev/tpmrm0',
    'device:tpm0',
    'swtpm:host',
    'swtpm:host:0',
    'swtpm:h:99999',
  ])
    assert.equal(parseTpmAddress(text), undefined, text)
})

test('an answer that comes in pieces is one answer', async () => {
  const tpm = await scripted((client) => {
    client.write(eight.subarray(0, 3))
    setImmediate(() => client.write(eight.subarray(3)))
  })
  const link = openTpmLink(tpm.address, 10_000)
  assert.deepEqual(await link.transport(getRandom(8).bytes), eight)
  await link.close()
  tpm.close()
})

test('an answer that is cut breaks the way, and the next command opens it anew', async () => {
  const tpm = await scripted((client) => client.end(eight.subarray(0, 12)), say(eight))
  const link = openTpmLink(tpm.address, 10_000)
  await assert.rejects(link.transport(getRandom(8).bytes), { code: 'tpm-unreachable' })
  assert.deepEqual(await link.transport(getRandom(8).bytes), eight)
  await link.close()
  tpm.close()
})

test('an answer that is longer than it states, or than any may be, is refused', async () => {
  const long = new Uint8Array(5000)
  long.set(hex('8001 00001388 00000000'))
  for (const answer of [new Uint8Array([...eight, 0]), long, hex('8001 00000002 00000000')]) {
    const tpm = await scripted(say(answer))
    const link = openTpmLink(tpm.address, 10_000)
    await assert.rejects(link.transport(getRandom(8).bytes), { code: 'tpm-answer-wrong' })
    await link.close()
    tpm.close()
  }
})

test('a TPM that says nothing is given up, and its late answer is nobody’s', async () => {
  let late: Socket | undefined
  const tpm = await scripted((client) => {
    late = client
  }, say(eight))
  const link = openTpmLink(tpm.address, 50)
  await assert.rejects(link.transport(getRandom(8).bytes), { code: 'tpm-silent' })
  late?.write(new Uint8Array(20))
  assert.deepEqual(await link.transport(getRandom(8).bytes), eight)
  await link.close()
  tpm.close()
})

test('nobody there is told with the address', async () => {
  const path = join(directory, 'nobody.sock')
  const link = openTpmLink({ kind: 'socket', path }, 1000)
  await assert.rejects(link.transport(getRandom(8).bytes), {
    code: 'tpm-unreachable',
    message: new RegExp(path),
  })
  await link.close()
})

// A file that is longer than the command answers as a device does: what follows the command is read.
test('a character device takes one write and gives one answer', async () => {
  const path = join(directory, 'device')
  const command = getRandom(8).bytes
  writeFileSync(path, new Uint8Array([...new Uint8Array(command.length), ...eight]))
  const link = openTpmLink({ kind: 'device', path }, 10_000)
  assert.deepEqual(await link.transport(command), eight)
  await link.close()
  assert.deepEqual(new Uint8Array(readFileSync(path)).subarray(0, command.length), command)
})

for (const [answer, code] of [
  ['8001 0000000a 00000921', 'tpm-locked'],
  ['8001 0000000a 000009a2', 'tpm-refused'],
  ['8002 00000014 00000000 0008 0102030405060708', 'tpm-answer-wrong'],
] as const)
  test(`what a TPM says is told in a device's words: ${code}`, async () => {
    const tpm = await scripted(say(hex(answer)))
    await assert.rejects(
      visitTpm(tpm.address, ({ ask }) => ask(getRandom(8))),
      { code },
    )
    tpm.close()
  })
