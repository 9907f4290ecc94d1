// SPDX-License-Identifier: Apache-2.0
/** Whose key it is, and which keys are none: over EST, with the holder untouched. */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { after, before, test } from 'node:test'
import { rebind, retire } from '#core/devices/life.ts'
import type { Product } from '#core/ledger/tables.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { concatBytes } from '#format/bytes.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import { encodeName } from '#format/x509/name.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { signatureAlgorithmFor, signatureAlgorithms } from '#trust/algorithms.ts'
import { sha256 } from '#trust/digest.ts'
import { generateKey, type KeyPair } from '#trust/private-key.ts'
import {
  ask,
  certificateIn,
  enrolled,
  openTestHouse,
  postEst,
  renewalBy,
  requestBy,
  type TestHouse,
  withCode,
  withProduct,
} from '../support/house.ts'
import { eventsOf, expectDevice, refusalOf } from '../support/refusing.ts'

const operator = { kind: 'person', id: 'test' } as const

let house: TestHouse
let pump: Product

before(async () => {
  house = await openTestHouse()
  pump = await withProduct(house)
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

/** A PKCS #10 request whose public key is exactly these bytes, signed by whatever key is given. */
function requestWith(spki: Uint8Array, signer: KeyPair): Uint8Array {
  const info = encodeCertificationRequestInfo({ subject: encodeName([]), publicKey: spki })
  const { identifier } = signatureAlgorithmFor(signer.publicKey.algorithm)
  const digest = signer.publicKey.algorithm === 'ed25519' ? null : 'sha256'
  return encodeSigned(info, identifier, new Uint8Array(sign(digest, info, signer.privateKey)))
}

/** The same modulus with another exponent: another key to a fool, the same to a factor of the modulus. */
function withExponent(key: KeyObject, exponent: bigint): KeyObject {
  const jwk = key.export({ format: 'jwk' })
  const numberIn = (text = '') => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`)
  const textOf = (value: bigint) => {
    const hex = value.toString(16)
    return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString(
      'base64url',
    )
  }
  const [p, q] = [numberIn(jwk.p), numberIn(jwk.q)]
  const d = inverse(exponent, (p - 1n) * (q - 1n))
  return createPrivateKey({
    format: 'jwk',
    key: {
      ...jwk,
      e: textOf(exponent),
      d: textOf(d),
      dp: textOf(d % (p - 1n)),
      dq: textOf(d % (q - 1n)),
    },
  })
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, t0, t1] = [modulus, value % modulus, 0n, 1n]
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1] = [r1, r0 - quotient * r1]
    ;[t0, t1] = [t1, t0 - quotient * t1]
  }
  assert.equal(r0, 1n)
  return t0 < 0n ? t0 + modulus : t0
}

/** The subject public key with its point compressed (SEC 1 section 2.3.3). */
function compressed({ publicKey }: KeyPair): Uint8Array {
  const point = parseSubjectPublicKeyInfo(publicKey.spki).key
  const x = point.slice(1, 33)
  const head = publicKey.spki.slice(2, -point.length - 3)
  const key = concatBytes([Uint8Array.of(2 + (point.at(-1)! & 1)), x])
  const bits = concatBytes([Uint8Array.of(3, key.length + 1, 0), key])
  return concatBytes([Uint8Array.of(0x30, head.length + bits.length), head, bits])
}

/** Tries the holder's key in another spelling from another device; the holder must notice nothing. */
async function assertTaken(
  holder: Awaited<ReturnType<typeof enrolled>>,
  request: Uint8Array,
  serial: string,
): Promise<void> {
  const { ledger } = house.core
  const mine = async () => ({
    device: await ledger.read('device', holder.device.id),
    certificates: (await ledger.list('certificate', owned(holder.device.id))).items,
    keys: (await ledger.list('key', owned(holder.device.id))).items,
  })
  const before = await mine()
  const thief = await expectDevice(house, pump, serial)
  assert.equal(await refusalOf(house, request, thief), '403 key-has-another-owner')
  assert.deepEqual(await mine(), before)
  const [alarm] = await eventsOf(house, 'key-conflict')
  assert.equal(alarm?.actor.id, thief.device.id)
  assert.deepEqual(alarm?.subjects, [before.keys[0]?.id, holder.device.id, thief.device.id])
  const renewal = await renewalBy(holder.key, holder.certificate)
  certificateIn(await postEst(house, 'simplereenroll', renewal, { credential: holder }))
}

function owned(owner: string) {
  return { by: 'owner', equal: [owner], limit: 100 } as const
}

test('an RSA modulus has one owner, whatever its exponent', async () => {
  const holder = await enrolled(house, pump, 'RSA-1', { algorithm: 'rsa-3072' })
  const twin = withExponent(holder.key.privateKey, 65_539n)
  const spki = new Uint8Array(createPublicKey(twin).export({ format: 'der', type: 'spki' }))
  assert.notDeepEqual(spki, holder.key.publicKey.spki)
  const request = requestWith(spki, { ...holder.key, privateKey: twin })
  await assertTaken(holder, request, 'RSA-2')
})

test('a point has one owner, compressed or not', async () => {
  const holder = await enrolled(house, pump, 'POINT-1')
  const request = requestWith(compressed(holder.key), holder.key)
  await assertTaken(holder, request, 'POINT-2')
})

test('the first to come with a compressed point owns it in both spellings', async () => {
  const key = await generateKey('p-256')
  const first = await expectDevice(house, pump, 'POINT-3')
  certificateIn(await postEst(house, 'simpleenroll', requestWith(compressed(key), key), first))
  const second = await expectDevice(house, pump, 'POINT-4')
  assert.equal(await refusalOf(house, key, second), '403 key-has-another-owner')
})

test('of two devices that come with one key at the same moment, one gets it', async () => {
  const key = await generateKey('p-256')
  const [one, other] = [
    await expectDevice(house, pump, 'TWIN-1'),
    await expectDevice(house, pump, 'TWIN-2'),
  ]
  const request = await requestBy(key)
  const answers = await Promise.all(
    [one, other].map((device) => postEst(house, 'simpleenroll', request, device)),
  )
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 403])
})

test('a birth key does not serve for work, nor the other way round', async () => {
  const birth = await enrolled(house, pump, 'BORN-1', { label: 'pump-birth' })
  const same = await refusalOf(house, birth.key, { credential: birth })
  assert.equal(same, '403 key-has-another-owner')
})

test('keys that are none are refused by name', async () => {
  const ec = await generateKey('p-256')
  const point = ec.publicKey.spki
  const offCurve = point.with(point.length - 1, point.at(-1)! ^ 1)
  const edwards = await generateKey('ed25519')
  const smallOrder = concatBytes([
    edwards.publicKey.spki.slice(0, -32),
    new Uint8Array(32).with(0, 1),
  ])
  const rsa = await generateKey('rsa-3072')
  // The exponent is the last INTEGER: 02 03 01 00 01.
  const even = rsa.publicKey.spki.with(rsa.publicKey.spki.length - 1, 0)
  const tiny = rsa.publicKey.spki
    .with(rsa.publicKey.spki.length - 3, 0)
    .with(-1 + rsa.publicKey.spki.length, 3)
  const cases = [
    ['off the curve', requestWith(offCurve, ec), '400 key-malformed'],
    ['small order', requestWith(smallOrder, edwards), '400 key-malformed'],
    ['even exponent', requestWith(even, rsa), '400 key-malformed'],
    ['exponent 3, padded', requestWith(tiny, rsa), '400 key-malformed'],
    ['below policy', await requestBy(await generateKey('rsa-2048')), '400 key-too-weak'],
  ] as const
  const device = await expectDevice(house, pump, 'WEAK-1')
  for (const [what, request, expected] of cases) {
    assert.equal(await refusalOf(house, request, device), expected, what)
  }
  certificateIn(await postEst(house, 'simpleenroll', await requestBy(ec), device))
})

test('a key under an algorithm that cannot be its own is refused', async () => {
  const rsa = await generateKey('rsa-3072')
  const info = encodeCertificationRequestInfo({
    subject: encodeName([]),
    publicKey: rsa.publicKey.spki,
  })
  const wrong = signatureAlgorithms['ecdsa-sha256'].identifier
  const request = encodeSigned(info, wrong, new Uint8Array(sign('sha256', info, rsa.privateKey)))
  const device = await expectDevice(house, pump, 'WRONG-1')
  assert.match(
    await refusalOf(house, request, device),
    /^40\d (possession-not-proved|signature-wrong)$/,
  )
})

test('a key that was reported compromised is never certified again, not even for its owner', async () => {
  const device = await enrolled(house, pump, 'STOLEN-1')
  const other = await generateKey('p-256')
  const rekeyed = certificateIn(
    await postEst(house, 'simplereenroll', await renewalBy(other, device.certificate), {
      credential: device,
    }),
  )
  const [record] = (await house.core.ledger.list('certificate', owned(device.device.id))).items
  const told = { id: record!.id, reason: 'keyCompromise', because: 'test' } as const
  assert.equal((await revoke(told, operator, house.core)).kind, 'revoked')
  assert.deepEqual(record?.sha256, sha256(device.certificate))
  const back = await renewalBy(device.key, rekeyed)
  const refusal = await refusalOf(
    ...([
      house,
      back,
      { credential: { key: other, certificate: rekeyed } },
      'simplereenroll',
    ] as const),
  )
  assert.equal(refusal, '400 key-known-weak')
})

test('the key of an old board does not come back with the new one', async () => {
  const old = await enrolled(house, pump, 'BOARD-1')
  const changed = await rebind(await current(old.device.id), 'board swapped', operator, house.core)
  assert.ok(changed.kind === 'changed')
  const call = { user: 'BOARD-1', code: await withCode(house, changed.device) }
  assert.equal(await refusalOf(house, old.key, call), '403 key-retired')
  const whoami = await ask(house, 'GET', '/whoami', { credential: old })
  assert.match(whoami.body, /certificate-revoked/)
  const key = await generateKey('p-256')
  certificateIn(await postEst(house, 'simpleenroll', await requestBy(key), call))
})

test('a retired device is cut off at every door, with its code and with its certificate', async () => {
  const device = await enrolled(house, pump, 'RETIRED-1')
  const waiting = await expectDevice(house, pump, 'RETIRED-2')
  for (const { id } of [device.device, waiting.device]) {
    assert.equal(
      (await retire(await current(id), 'scrapped', operator, house.core)).kind,
      'changed',
    )
  }
  const renewal = await renewalBy(device.key, device.certificate)
  const call = { credential: device }
  assert.equal(await refusalOf(house, renewal, call, 'simplereenroll'), '403 certificate-revoked')
  assert.equal(await refusalOf(house, await generateKey('p-256'), waiting), '401 code-expired')
  const whoami = await ask(house, 'GET', '/whoami', call)
  assert.match(`${whoami.status} ${whoami.body}`, /^403 .*certificate-revoked/)
})

async function current(id: string) {
  const device = await house.core.ledger.read('device', id)
  return device ?? assert.fail(id)
}
