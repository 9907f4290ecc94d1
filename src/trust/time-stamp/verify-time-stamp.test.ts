// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { encodeSignedData, parseSignedData } from '#format/cms/signed-data.ts'
import { oid } from '#format/der/oid.ts'
import { FormatError } from '#format/format-error.ts'
import { algorithms, keyPurposes } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  madeNotAfter,
  madeNow,
  makeEntity,
} from '../../../test/made-certificates.ts'
import { signatureAlgorithmFor, signatureAlgorithms } from '../algorithms.ts'
import { sign } from '../private-key.ts'
import { planTimeStamp } from './plan-time-stamp.ts'
import { readTimeStamp } from './read-time-stamp.ts'
import { verifyTimeStamp } from './verify-time-stamp.ts'

const over = new TextEncoder().encode('a signature')
const [root, stamper] = await Promise.all([makeEntity('CN=Stamp root'), makeEntity('CN=Stamper')])
const anchor = await certifyAuthority(root)
const forStamps = [
  encodeExtension('keyUsage', ['digitalSignature']),
  encodeExtension('extKeyUsage', [keyPurposes.timeStamping], true),
]

interface Bent {
  readonly extensions?: readonly Extension[]
  readonly genTime?: Temporal.Instant
  readonly by?: Entity
  readonly certificate?: Certificate
  readonly withCertificates?: boolean
}

/** A token by our own code, with what is bent in it. */
async function tokenWith(bent: Bent) {
  const { extensions = forStamps, genTime = madeNow, by = stamper } = bent
  const certificate = bent.certificate ?? (await certify(by, root, { extensions }))
  const algorithm = signatureAlgorithmFor(by.pair.publicKey.algorithm).name
  const plan = planTimeStamp({
    info: {
      ...{ policy: oid('1.2.3.4.1'), serialNumber: Uint8Array.of(1), genTime },
      messageImprint: {
        hashAlgorithm: encodeAlgorithmIdentifier(algorithms.sha256),
        hashedMessage: Uint8Array.from(hash('sha256', over, 'buffer')),
      },
      ...{ accuracy: Temporal.Duration.from({ seconds: 1 }), ordering: false, nonce: undefined },
    },
    signer: { publicKey: by.pair.publicKey, chain: [certificate.der], algorithm },
    withCertificates: bent.withCertificates ?? true,
  })
  assert.ok(plan.kind === 'cms-plan')
  const [wanted] = plan.wanted
  assert.ok(wanted !== undefined)
  const row = signatureAlgorithms[algorithm]
  return plan.finish([await sign(by.pair.privateKey, row, wanted.bytes)])
}

async function verdictOf(bent: Bent) {
  const token = await tokenWith(bent)
  return verifyTimeStamp({ token, over, roots: [anchor], others: [] })
}

test('a time-stamp is believed to the end of its accuracy, whatever its key', async () => {
  for (const by of [
    stamper,
    await makeEntity('CN=RSA', 'rsa-3072'),
    await makeEntity('CN=PQ', 'ml-dsa-65'),
  ]) {
    const verdict = await verdictOf({ by })
    assert.ok(verdict.kind === 'stamped', 'detail' in verdict ? verdict.detail : '')
    assert.equal(`${verdict.at}`, `${madeNow.add({ seconds: 1 })}`)
  }
})

test('who is certified for more than time-stamps, or not critically, or not at the time, stamps nothing', async () => {
  const uses = (
    purposes: Parameters<typeof encodeExtension<'extKeyUsage'>>[1],
    critical: boolean,
  ) => [
    encodeExtension('keyUsage', ['digitalSignature']),
    encodeExtension('extKeyUsage', purposes, critical),
  ]
  const cases: readonly (readonly [Bent, RegExp])[] = [
    [
      { extensions: uses([keyPurposes.timeStamping, keyPurposes.codeSigning], true) },
      /nothing else/,
    ],
    [{ extensions: uses([keyPurposes.timeStamping], false) }, /critically/],
    [{ extensions: uses([keyPurposes.codeSigning], true) }, /not certified for time-stamps/],
    [{ extensions: [] }, /not certified for time-stamps/],
    [{ genTime: madeNotAfter.add({ seconds: 1 }) }, /was valid until/],
  ]
  for (const [bent, detail] of cases) {
    const verdict = await verdictOf(bent)
    assert.ok(verdict.kind === 'refused', String(detail))
    assert.equal(verdict.reason, 'artefact-stamp-wrong')
    assert.match(verdict.detail, detail)
  }
})

test('another certificate of the same name, number and key cannot stand in the place of the named one', async () => {
  const serial = 7_000_001
  const make = (extensions: readonly Extension[]) => certify(stamper, root, { extensions, serial })
  const [named, other] = await Promise.all([make(forStamps), make([...forStamps, more])])
  const token = await tokenWith({ certificate: named, withCertificates: false })
  const question = { token, over, roots: [anchor] }
  assert.equal((await verifyTimeStamp({ ...question, others: [named] })).kind, 'stamped')
  const verdict = await verifyTimeStamp({ ...question, others: [other] })
  assert.match(verdict.kind === 'refused' ? verdict.detail : '', /name another certificate/)
})

test('a token over content that is not called a time-stamp says nothing', async () => {
  const message = parseSignedData(await tokenWith({}))
  const token = encodeSignedData({ ...message, contentType: oid('1.2.840.113549.1.9.16.1.2') })
  const verdict = await verifyTimeStamp({ token, over, roots: [anchor], others: [] })
  assert.match(verdict.kind === 'refused' ? verdict.detail : '', /which is no time-stamp/)
})

const more = encodeExtension('subjectKeyIdentifier', Uint8Array.of(1, 2, 3))

test('a time-stamp says when, under which number and by whom, also one without certificates', async () => {
  for (const withCertificates of [true, false]) {
    const { at, serialNumber, authority } = readTimeStamp(await tokenWith({ withCertificates }))
    assert.deepEqual([`${at}`, serialNumber.toHex()], [`${madeNow}`, '01'])
    assert.equal(authority, withCertificates ? 'CN=Stamper' : undefined)
  }
  const token = await tokenWith({})
  assert.throws(() => readTimeStamp(token.subarray(0, 100)), FormatError)
})
