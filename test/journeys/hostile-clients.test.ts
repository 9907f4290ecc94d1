// SPDX-License-Identifier: Apache-2.0
/** Clients that say nothing, little, or half: they hold up nobody, and the house still closes. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { Product } from '#core/ledger/tables.ts'
import { generateKey } from '#trust/private-key.ts'
import {
  ask,
  certificateIn,
  enrolled,
  openTestHouse,
  postEst,
  requestBy,
  rootPem,
  type TestHouse,
  withProduct,
} from '../support/house.ts'
import { expectDevice } from '../support/refusing.ts'

let house: TestHouse
let pump: Product
const sockets: Socket[] = []
/** Those in the middle of a body: a stop waits some seconds for them, as for any request. */
const halves: Socket[] = []

before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
})
after(async () => {
  for (const socket of sockets) socket.destroy()
  await house.stop()
})

/** A TCP connection that says `bytes`, and then nothing. */
async function mute(port: number, bytes = ''): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port })
  socket.on('error', () => {}) // the house may cut it at any time
  sockets.push(socket)
  await once(socket, 'connect')
  if (bytes !== '') socket.write(Buffer.from(bytes, 'latin1'))
  return socket
}

/** A TLS connection that is open, and on which nothing or half a request was said. */
async function shaken(said = ''): Promise<TLSSocket> {
  const { port } = house.addresses.devices
  const socket = tlsConnect({ host: '127.0.0.1', port, ca: rootPem(house) })
  socket.on('error', () => {})
  sockets.push(socket)
  await once(socket, 'secureConnect')
  if (said !== '') socket.write(said)
  return socket
}

test('a hundred clients that say nothing, or half of something, hold up no device', async () => {
  const { devices, status, operators } = house.addresses
  const post =
    'POST /.well-known/est/simpleenroll HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\nMII'
  for (let count = 0; count < 20; count++) {
    await mute(devices.port)
    await mute(devices.port, '\x16\x03\x01\x02\x00\x01\x00') // the head of a ClientHello
    await shaken()
    halves.push(await shaken(post))
    await mute(status.port, 'GET /healthz HTTP/1.1\r\nHo')
    await mute(operators.port, 'POST /api/v1/claim HTTP/1.1\r\nHost: localhost\r\n')
  }
  await enrolled(house, pump, 'PUMP-1')
  assert.equal((await ask(house, 'GET', '/.well-known/est/cacerts')).status, 200)
})

test('bytes that are no TLS, and TLS without a request, break nothing', async () => {
  for (const bytes of [
    'GET / HTTP/1.1\r\n\r\n',
    '\0'.repeat(5000),
    '\x15\x03\x01\x00\x02\x02\x28',
  ]) {
    const socket = await mute(house.addresses.devices.port, bytes)
    socket.resume()
    await once(socket, 'close')
  }
  const half = await shaken('GET /whoami HTTP/1.1\r\n')
  half.destroy()
  await enrolled(house, pump, 'PUMP-2')
})

test('a house with such clients still closes, and says what it finished', async () => {
  const device = await expectDevice(house, pump, 'PUMP-3')
  const request = await requestBy(await generateKey('p-256'))
  const answer = postEst(house, 'simpleenroll', request, device)
  certificateIn(await answer)
  for (const half of halves) half.destroy()
  await house.stop()
  assert.deepEqual(house.troubles, [])
})
