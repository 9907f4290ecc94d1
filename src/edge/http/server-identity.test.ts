// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { parseCertificationRequest } from '#format/x509/certification-request.ts'
import { provePossession } from '#trust/possession.ts'
import { makeTestAuthority } from '../../../test/tls-certificates.ts'
import type { TlsIdentity } from './device-front.ts'
import { openServerIdentity, renewServerIdentity } from './server-identity.ts'

const authority = await makeTestAuthority()
const real = await authority.issue('server')
const life = new X509Certificate(real.chain[0]!)
const start = life.validFromDate.getTime()
const span = life.validToDate.getTime() - start

/** A shelf that holds `kept`, at this share of the certificate's life; the authority answers `real`. */
function ports(kept: TlsIdentity | undefined, share: number, names = ['localhost', '127.0.0.1']) {
  const at = Temporal.Instant.fromEpochMilliseconds(Math.round(start + share * span))
  const requests: Uint8Array[] = []
  const written: TlsIdentity[] = []
  return {
    requests,
    written,
    clock: { now: () => at },
    names,
    algorithm: 'p-256' as const,
    isSucceeded: () => false,
    read: async () => kept,
    write: async (identity: TlsIdentity) => {
      written.push(identity)
    },
    issueServerCertificate: async (request: Uint8Array) => {
      requests.push(request)
      return real.chain
    },
  }
}

test('the first identity is made with a key of its own and kept', async () => {
  const first = ports(undefined, 0.5)
  const identity = await openServerIdentity(first)
  assert.deepEqual(first.written, [identity])
  assert.match(identity.key, /^-----BEGIN PRIVATE KEY-----\n/)
  const proof = await provePossession(parseCertificationRequest(first.requests[0]!))
  assert.equal(proof.kind, 'proved')
})

test('a good identity is taken from the shelf and not renewed', async () => {
  const good = ports(real, 0.6)
  assert.equal(await openServerIdentity(good), real)
  assert.equal(await renewServerIdentity(good), undefined)
  assert.equal(good.requests.length, 0)
})

test('one whose authority was succeeded still serves, and is renewed', async () => {
  const seen: unknown[] = []
  const isSucceeded = (chain: readonly Uint8Array[]) => seen.push(chain) > 0
  const moved = { ...ports(real, 0.1), isSucceeded }
  assert.equal(await openServerIdentity(moved), real)
  assert.notEqual((await renewServerIdentity(moved))?.key, real.key)
  assert.deepEqual(seen, [real.chain, real.chain])
})

test('at two thirds of its life it still serves, and is renewed', async () => {
  const due = ports(real, 0.67)
  assert.equal(await openServerIdentity(due), real)
  assert.notEqual((await renewServerIdentity(due))?.key, real.key)
  assert.equal(due.written.length, 1)
})

test('what no client would accept is replaced at once', async () => {
  const other = await authority.issue('other')
  for (const useless of [
    ports(real, 1.01),
    ports(real, -0.01),
    ports(real, 0.1, ['localhost', 'pki.example.com']),
    ports(real, 0.1, ['192.0.2.1']),
    ports({ key: other.key, chain: real.chain }, 0.1),
    ports({ key: real.key, chain: [] }, 0.1),
  ]) {
    await openServerIdentity(useless)
    assert.equal(useless.written.length, 1)
  }
})

test('a renewal that fails leaves the shelf as it was', async () => {
  const failing = {
    ...ports(real, 0.9),
    issueServerCertificate: async () => {
      throw new Error('the authority is away')
    },
  }
  await assert.rejects(renewServerIdentity(failing), /away/)
  assert.deepEqual(failing.written, [])
})
