// SPDX-License-Identifier: Apache-2.0
/** The server's own certificate over its life. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect, type TLSSocket } from 'node:tls'
import { isIssuedBy, openTestHouse, type TestHouse } from '../support/house.ts'
import { askLocal } from '../support/local-door.ts'

/** The client judges no dates here: the house's clock is ahead of the machine's. */
async function connected(house: TestHouse): Promise<TLSSocket> {
  const { port } = house.addresses.devices
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  return socket
}

/** A wait that ends when a test says so, and then anew: a job that was still at work is told the next time. */
function handClock() {
  let due = Promise.withResolvers<void>()
  const wait = (_: number, signal: AbortSignal) => {
    const stopped = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => stopped.resolve(), { once: true })
    return Promise.race([due.promise, stopped.promise])
  }
  const ring = () => {
    due.resolve()
    due = Promise.withResolvers()
  }
  return { wait, ring }
}

/** The next octets, or why there will be none. */
async function answerOn(socket: TLSSocket): Promise<string> {
  const ended = once(socket, 'close').then(() => assert.fail('the connection was dropped'))
  const [octets] = await Promise.race([once(socket, 'data'), ended])
  return String(octets)
}

function certificateOf(socket: TLSSocket): Uint8Array {
  return new Uint8Array(socket.getPeerCertificate().raw)
}

test('the certificate is renewed in time, and no connection is dropped for it', async (t) => {
  let ahead = Temporal.Duration.from({ hours: 0 })
  const clock = { now: () => Temporal.Now.instant().add(ahead) }
  const { wait, ring } = handClock()
  const house = await openTestHouse(undefined, { clock, wait })
  t.after(() => house.stop())
  const kept = await connected(house)
  kept.write('GET /.well-known/est/cacerts HTTP/1.1\r\nHost: localhost\r\n')

  ahead = Temporal.Duration.from({ hours: 24 * 70 })

  const before = certificateOf(kept).toHex()
  let fresh = await connected(house)
  while (certificateOf(fresh).toHex() === before) {
    assert.deepEqual(house.troubles, [])
    ring()
    fresh.destroy()
    fresh = await connected(house)
  }
  assert.equal(isIssuedBy(house, certificateOf(fresh)), true)
  kept.write('\r\n')
  assert.match(await answerOn(kept), /^HTTP\/1\.1 200 /)
  kept.destroy()
  fresh.destroy()
  assert.deepEqual(house.troubles, [])
})

test('when its authority was stopped, the server moves to the successor like any device', async (t) => {
  const { wait, ring } = handClock()
  const house = await openTestHouse(undefined, { wait })
  t.after(() => house.stop())
  const old = house.core.doors.own.find(({ name }) => name === 'issuing-1') ?? assert.fail()
  const issuerOf = async () => {
    const socket = await connected(house)
    const issuer = new X509Certificate(certificateOf(socket)).issuer
    socket.destroy()
    return issuer
  }
  const before = await issuerOf()
  await askLocal(house, 'POST', '/authorities/issue', { name: 'issuing-2' })
  assert.equal(await issuerOf(), before, 'one that still issues is no reason')
  const stopped = await askLocal(house, 'POST', `/authorities/${old.id}/stop`, {
    because: 'a test',
  })
  assert.equal(stopped.status, 200, JSON.stringify(stopped.document))
  while ((await issuerOf()) === before) {
    assert.deepEqual(house.troubles, [])
    ring()
  }
  const successor = house.core.doors.own.find(({ name }) => name === 'issuing-2')
  assert.equal(await issuerOf(), new X509Certificate(successor?.certificate ?? '').subject)
  assert.deepEqual(house.troubles, [])
})
