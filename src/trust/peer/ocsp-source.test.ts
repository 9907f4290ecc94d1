// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { before, test } from 'node:test'
import { encodeNonce } from '#format/ocsp/nonce.ts'
import { encodeOcspError, encodeOcspResponse } from '#format/ocsp/response.ts'
import { type CertStatus, encodeResponseData } from '#format/ocsp/response-data.ts'
import { algorithms, keyPurposes } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { sign } from '#trust/private-key.ts'
import {
  certify,
  certifyAuthority,
  type Entity,
  madeNotAfter,
  madeNotBefore,
  madeNow,
  makeAnchor,
  makeEntity,
} from '../../../test/made-certificates.ts'
import { type OcspAnswer, ocspSource } from './ocsp-source.ts'

let issuing: Entity
let responder: Entity
let stranger: Entity
let issuer: Certificate
let delegate: Certificate
let pump: Certificate
const signs = encodeExtension('extKeyUsage', [keyPurposes.ocspSigning])
const noCheck = encodeExtension('ocspNoCheck', null)
before(async () => {
  issuing = await makeEntity('CN=Issuing')
  responder = await makeEntity('CN=Responder')
  stranger = await makeEntity('CN=Stranger')
  issuer = await certifyAuthority(issuing)
  delegate = await delegated(signs, noCheck)
  pump = await certify(await makeEntity('CN=P-1'), issuing)
})

const delegated = (...extensions: readonly Extension[]) =>
  certify(responder, issuing, { extensions })

interface Said {
  readonly status?: CertStatus
  readonly about?: Certificate
  readonly digest?: 'sha1' | 'sha256'
  readonly by?: Entity
  readonly named?: Entity
  readonly certificate?: Certificate
  readonly from?: Temporal.Instant
  readonly until?: Temporal.Instant | undefined
  readonly nonce?: Uint8Array
}

/** An answer as a responder gives it, with whatever is wrong that a test says. */
async function answer(said: Said = {}): Promise<Uint8Array> {
  const { digest = 'sha1', by = responder, named = by, about = pump } = said
  const hash = (bytes: Uint8Array) => new Uint8Array(createHash(digest).update(bytes).digest())
  const thisUpdate = said.from ?? madeNow.subtract({ hours: 1 })
  const tbs = encodeResponseData({
    responder: { kind: 'name', name: named.name },
    producedAt: thisUpdate,
    responses: [
      {
        certId: {
          hashAlgorithm: encodeAlgorithmIdentifier(algorithms[digest], Uint8Array.of(5, 0)),
          ...{
            issuerNameHash: hash(issuer.subject.der),
            issuerKeyHash: hash(issuer.publicKey.key),
          },
          serialNumber: about.serialNumber,
        },
        ...{ status: said.status ?? { kind: 'good' }, thisUpdate, extensions: [] },
        nextUpdate: 'until' in said ? said.until : madeNow.add({ hours: 1 }),
      },
    ],
    extensions: said.nonce === undefined ? [] : [encodeNonce(said.nonce)],
  })
  const algorithm = signatureAlgorithmFor(by.pair.publicKey.algorithm)
  return encodeOcspResponse({
    ...{ tbs, signatureAlgorithm: algorithm.identifier },
    signature: await sign(by.pair.privateKey, algorithm, tbs),
    certificates: by === issuing ? [] : [(said.certificate ?? delegate).der],
  })
}

async function heard(given: OcspAnswer | Uint8Array | undefined) {
  const one = given instanceof Uint8Array ? { response: given } : given
  const source = ocspSource(() => one)
  return source.statusOf({ certificate: pump, issuer: makeAnchor(issuer), at: madeNow })
}

const kindOf = async (given: OcspAnswer | Uint8Array | undefined) => (await heard(given)).kind

test('believes the issuer itself, and whom he certified to answer for him', async () => {
  const until = madeNow.add({ hours: 1 })
  for (const digest of ['sha1', 'sha256'] as const) {
    assert.deepEqual(await heard(await answer({ digest })), { kind: 'good', until })
    assert.deepEqual(await heard(await answer({ digest, by: issuing })), { kind: 'good', until })
  }
})

test('tells since when and why, however old the answer is', async () => {
  const status = { kind: 'revoked', at: madeNotBefore, reason: 6 } as const
  const revoked = { kind: 'revoked', since: madeNotBefore, reason: 6 }
  assert.deepEqual(await heard(await answer({ status })), revoked)
  const old = { from: madeNotBefore, until: madeNotBefore.add({ hours: 1 }) }
  assert.deepEqual(await heard(await answer({ status, ...old })), revoked)
  assert.equal(await kindOf(await answer(old)), 'outdated')
  assert.equal(await kindOf(await answer({ from: madeNow.add({ hours: 1 }) })), 'outdated')
})

test('an answer without an end is believed for an hour', async () => {
  const minutes = (count: number) => ({
    from: madeNow.subtract({ minutes: count }),
    until: undefined,
  })
  assert.equal(await kindOf(await answer(minutes(59))), 'good')
  assert.equal(await kindOf(await answer(minutes(61))), 'outdated')
})

test('no answer, an error, another certificate, a stranger and another nonce say nothing', async () => {
  const other = await certify(await makeEntity('CN=P-2'), issuing)
  const unknown = { kind: 'unknown' } as const
  for (const [what, given] of [
    ['none', undefined],
    ['error', encodeOcspError('tryLater')],
    ['bytes', Uint8Array.of(0x30, 0)],
    ['another certificate', await answer({ about: other })],
    ['unknown', await answer({ status: unknown })],
    ['a stranger', await answer({ by: stranger })],
    ['a stranger who bears the name', await answer({ by: stranger, named: responder })],
    ['a certificate for nothing', await answer({ certificate: await delegated(noCheck) })],
    ['a responder to be asked about', await answer({ certificate: await delegated(signs) })],
    [
      'another nonce',
      { response: await answer({ nonce: new Uint8Array(16) }), nonce: new Uint8Array(16).fill(1) },
    ],
  ] as const)
    assert.equal(await kindOf(given), 'unknown', what)
  const nonce = new Uint8Array(16).fill(7)
  assert.equal(await kindOf({ response: await answer({ nonce }), nonce }), 'good')
  assert.equal(await kindOf({ response: await answer(), nonce }), 'good')
})

test('a responder whose certificate has ended says nothing any more', async () => {
  const ended = await certify(responder, issuing, {
    ...{ extensions: [signs, noCheck], notAfter: madeNow.subtract({ hours: 1 }) },
  })
  assert.equal(await kindOf(await answer({ certificate: ended })), 'unknown')
  assert.ok(Temporal.Instant.compare(madeNotAfter, madeNow) > 0)
})
