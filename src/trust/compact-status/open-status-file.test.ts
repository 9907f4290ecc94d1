// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certificateStates } from '#format/compact-status/changes.ts'
import { encodeStatusContent, parseStatusFile } from '#format/compact-status/status-file.ts'
import { keyPurposes } from '#format/oids.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { Random, seedOfRun } from '../../../test/fuzz/random.ts'
import { madeNotAfter, madeNow } from '../../../test/made-certificates.ts'
import {
  contentOf,
  makeStatusSigner,
  type StatedSerial,
  signedFile,
} from '../../../test/support/status-file.ts'
import { fineBase } from './build-block.ts'
import { applyDelta, makeDelta } from './delta.ts'
import { checkSuccession, type Opened, openStatusFile } from './open-status-file.ts'
import { statusOf, statusOfCertificate } from './status-of.ts'

const random = new Random(seedOfRun())
const drawnAt = madeNow.subtract({ hours: 3 })

function serials(count: number): readonly StatedSerial[] {
  return Array.from({ length: count }, () => {
    const serial = random.bytes(16)
    const seconds = Math.floor(drawnAt.epochMilliseconds / 1000) + random.below(10_000)
    new DataView(serial.buffer).setUint32(0, 0x4000_0000 | (seconds & 0x3fff_ffff))
    const bad = random.chance(9)
    return [serial, bad ? random.oneOf(certificateStates) : 'fine'] as const
  })
}

const classical = await makeStatusSigner()
const quantum = await makeStatusSigner('ml-dsa-44')
const stated = serials(2_000)
const content = contentOf(classical.issuer, stated)
const bytes = await signedFile(content, [classical, quantum])
const opening = { anchors: [classical.anchor], at: madeNow, ifStale: 'refuse' } as const

function trustedOf(opened: Opened) {
  return opened.kind === 'opened' ? opened.trusted : assert.fail(opened.detail)
}

function reasonOf(opened: Opened): string {
  return opened.kind === 'refused' ? opened.reason : 'opened'
}

test('a file tells of every certificate exactly what it is', () => {
  const trusted = trustedOf(openStatusFile(bytes, opening))
  for (const [serialNumber, state] of stated) {
    const certificate = { serialNumber, notAfter: madeNotAfter }
    assert.equal(statusOfCertificate(trusted, certificate, classical.issuer, madeNow), state)
  }
})

test('an expired certificate is told so, whatever the file says', () => {
  const trusted = trustedOf(openStatusFile(bytes, opening))
  const [serialNumber] = stated.find(([, state]) => state === 'revoked')!
  const certificate = { serialNumber, notAfter: madeNow.subtract({ seconds: 1 }) }
  assert.equal(statusOfCertificate(trusted, certificate, classical.issuer, madeNow), 'expired')
})

test('what is younger, of another form, or of another issuer is not covered', () => {
  const { file } = trustedOf(openStatusFile(bytes, opening))
  const { keySha256 } = file.authorities[0]!
  const later = Uint8Array.from(stated[0]![0])
  const second = Math.floor(madeNow.epochMilliseconds / 1000) & 0x3fff_ffff
  new DataView(later.buffer).setUint32(0, 0x4000_0000 | second)
  assert.equal(statusOf(file, keySha256, later), 'not-covered')
  assert.equal(statusOf(file, keySha256, stated[0]![0].subarray(1)), 'not-covered')
  assert.equal(statusOf(file, keySha256, Uint8Array.of(0)), 'not-covered')
  assert.equal(statusOf(file, keySha256.toReversed(), stated[0]![0]), 'not-covered')
})

test('one signature that leads to a root of the reader is enough, of whichever algorithm', () => {
  for (const { anchor } of [classical, quantum])
    assert.equal(reasonOf(openStatusFile(bytes, { ...opening, anchors: [anchor] })), 'opened')
})

test('a signer of another root, or of another purpose, is not believed', async () => {
  const stranger = await makeStatusSigner()
  const opened = openStatusFile(bytes, { ...opening, anchors: [stranger.anchor] })
  assert.equal(reasonOf(opened), 'signature-wrong') // its root has the same name, and another key
  for (const purpose of [keyPurposes.clientAuth, keyPurposes.anyExtendedKeyUsage]) {
    const wrong = await makeStatusSigner('p-256', {
      extensions: [encodeExtension('extKeyUsage', [purpose])],
    })
    const file = await signedFile(content, [wrong])
    const refused = openStatusFile(file, { ...opening, anchors: [wrong.anchor] })
    assert.equal(reasonOf(refused), 'certificate-wrong-purpose')
  }
})

test('not one changed octet of what is signed is believed', () => {
  const { signed } = parseStatusFile(bytes)
  for (let tries = 0; tries < 400; tries++) {
    const changed = Uint8Array.from(bytes)
    changed[random.below(signed.length)]! ^= 1 << random.below(8)
    const reason = reasonOf(openStatusFile(changed, opening))
    assert.match(reason, /^(signature-wrong|status-file-malformed|status-file-stale)$/)
  }
})

test('a stale file answers only where its maker chose that', () => {
  const at = madeNow.add({ hours: 193 })
  assert.equal(reasonOf(openStatusFile(bytes, { ...opening, at })), 'status-file-stale')
  const used = trustedOf(openStatusFile(bytes, { ...opening, at, ifStale: 'use' }))
  assert.equal(used.isStale, true)
  const early = openStatusFile(bytes, { ...opening, at: madeNow.subtract({ hours: 1 }) })
  assert.equal(reasonOf(early), 'status-file-early')
})

test('a signer who ended before the file did is not believed', async () => {
  const short = await makeStatusSigner('p-256', {
    extensions: [encodeExtension('extKeyUsage', [keyPurposes.ocspSigning])],
    notAfter: madeNow.add({ hours: 24 }),
  })
  const file = await signedFile(content, [short])
  const stale = {
    anchors: [short.anchor],
    at: madeNow.add({ hours: 400 }),
    ifStale: 'use',
  } as const
  assert.equal(reasonOf(openStatusFile(file, stale)), 'certificate-expired')
  assert.equal(reasonOf(openStatusFile(file, { ...stale, at: madeNow })), 'opened')
})

test('what is cut off or goes on is no status file', () => {
  for (let length = 0; length < bytes.length; length += 1 + random.below(40))
    assert.equal(
      reasonOf(openStatusFile(bytes.subarray(0, length), opening)),
      'status-file-malformed',
    )
  const longer = Uint8Array.of(...bytes, 0)
  assert.equal(reasonOf(openStatusFile(longer, opening)), 'status-file-malformed')
})

test('what ends before it was made, or has more blocks than there can be, is no status file', async () => {
  const at = { ...content, expiresAt: content.madeAt }
  const ended = openStatusFile(await signedFile(at, [classical]), opening)
  assert.equal(reasonOf(ended), 'status-file-malformed')
  const two = [0, 1].map((key) => {
    const blocks = [0, 1].map((start) => ({ start, base: fineBase }))
    const [one] = content.authorities
    return { ...one!, keySha256: new Uint8Array(32).fill(key), blocks, changes: [] }
  })
  const many = encodeStatusContent({ ...content, authorities: two })
  const countOfSecond = 68 + (62 + 2 * 8 + 2 * 2) + 50
  many.set([0, 0, 0xff, 0xff], countOfSecond)
  assert.throws(() => parseStatusFile(many), /blocks 65535/)
})

test('a delta leads from one file to the next, and to nothing else', async () => {
  const more = [...stated.slice(0, 1_990), ...serials(40)]
  const next = await signedFile(contentOf(classical.issuer, more, { number: 2 }), [classical])
  const delta = makeDelta(parseStatusFile(bytes), parseStatusFile(next))
  const applied = applyDelta(bytes, delta)
  assert.ok(applied.kind === 'applied')
  assert.deepEqual(applied.bytes, next)
  const refusal = (old: Uint8Array, changed: Uint8Array) => {
    const outcome = applyDelta(old, changed)
    return outcome.kind === 'refused' ? outcome.reason : outcome.kind
  }
  assert.equal(refusal(next, delta), 'status-delta-wrong')
  for (let tries = 0; tries < 400; tries++) {
    const changed = Uint8Array.from(delta)
    changed[random.below(delta.length)]! ^= 1 << random.below(8)
    assert.equal(refusal(bytes, changed), 'status-delta-wrong')
    const shorter = delta.subarray(0, random.below(delta.length))
    assert.equal(refusal(bytes, shorter), 'status-delta-wrong')
  }
})

test('a held file is replaced by a newer one of the same roots only', async () => {
  const held = parseStatusFile(bytes)
  const parse = async (more: object) =>
    parseStatusFile(await signedFile({ ...content, ...more }, [classical]))
  assert.equal(checkSuccession(held, await parse({ number: 2 })), undefined)
  assert.equal(checkSuccession(held, held)?.reason, 'status-file-older')
  // By a signer of long ago, who can choose any number.
  const ago = await parse({ number: 9, madeAt: held.madeAt.subtract({ seconds: 1 }) })
  assert.equal(checkSuccession(held, ago)?.reason, 'status-file-older')
  const others = await parse({ number: 2, anchors: content.anchors.toReversed() })
  assert.equal(checkSuccession(held, others)?.reason, 'status-file-other-anchors')
})
