// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CertificateState } from '#format/compact-status/changes.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { openStatusFile } from '#trust/compact-status/open-status-file.ts'
import { madeNotAfter, madeNow, makeAnchor } from '../../../test/made-certificates.ts'
import { contentOf, makeStatusSigner, signedFile } from '../../../test/support/status-file.ts'
import { compactSource } from './compact-source.ts'

const signer = await makeStatusSigner()
const issuer = makeAnchor(signer.issuer)
const drawn = Math.floor(madeNow.subtract({ hours: 3 }).epochMilliseconds / 1000)
const serialOf = (last: number, second = drawn) => {
  const serial = new Uint8Array(16).fill(last, 4)
  new DataView(serial.buffer).setUint32(0, 0x4000_0000 | (second & 0x3fff_ffff))
  return serial
}
const states: readonly CertificateState[] = ['fine', 'revoked', 'held']
const stated = states.map((state, index) => [serialOf(index + 1), state] as const)
const bytes = await signedFile(contentOf(signer.issuer, stated), [signer])
const opened = openStatusFile(bytes, { anchors: [signer.anchor], at: madeNow, ifStale: 'refuse' })
const file = opened.kind === 'opened' ? opened.trusted : assert.fail(opened.detail)
const source = compactSource(() => file)

const about = (serialNumber: Uint8Array, at = madeNow) =>
  source.statusOf({
    certificate: { serialNumber, notAfter: madeNotAfter } as unknown as Certificate,
    ...{ issuer, at },
  })

test('tells of every certificate that the file covers what it is', async () => {
  const until = file.file.expiresAt
  assert.deepEqual(await about(serialOf(1)), { kind: 'good', until })
  assert.deepEqual(await about(serialOf(2)), {
    ...{ kind: 'revoked', since: undefined, reason: undefined },
  })
  assert.deepEqual(await about(serialOf(3)), { kind: 'revoked', since: undefined, reason: 6 })
})

test('says nothing of what is younger than the file, or without one', async () => {
  const now = Math.floor(madeNow.epochMilliseconds / 1000)
  assert.equal((await about(serialOf(1, now))).kind, 'unknown')
  const without = compactSource(() => undefined)
  const certificate = {
    serialNumber: serialOf(1),
    notAfter: madeNotAfter,
  } as unknown as Certificate
  const { kind } = await without.statusOf({ certificate, issuer, at: madeNow })
  assert.equal(kind, 'unknown')
})

test('past its end only what it says against a certificate counts', async () => {
  const late = file.file.expiresAt.add({ seconds: 1 })
  assert.equal((await about(serialOf(1), late)).kind, 'outdated')
  assert.equal((await about(serialOf(2), late)).kind, 'revoked')
})
