// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oid } from '#format/der/oid.ts'
import { noWellDefinedEnd } from '#format/der/time.ts'
import { keyPurposes } from '#format/oids.ts'
import { type Certificate, encodeSigned, parseCertificate } from '#format/x509/certificate.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import { readVectors } from '../../test/frozen-vectors.ts'
import {
  authorityExtensions,
  certify,
  certifyAuthority,
  type Entity,
  keyIdentifierOf,
  madeNotAfter,
  madeNotBefore,
  madeNow,
  makeAnchor,
  makeEntity,
  type Wish,
} from '../../test/made-certificates.ts'
import { keyAlgorithmsFor } from './algorithms.ts'
import { type PathQuestion, validatePath } from './path.ts'
import { anchorOf } from './trust-anchor.ts'

const [root, issuing, other, device] = (await Promise.all(
  ['CN=Root', 'CN=Issuing', 'CN=Other', 'CN=PUMP-0001'].map((name) => makeEntity(name)),
)) as [Entity, Entity, Entity, Entity]
const rootCertificate = await certifyAuthority(root)
const issuingCertificate = await certifyAuthority(issuing, root)
const deviceCertificate = await certify(device, issuing)
const anchor = makeAnchor(rootCertificate)

/** Asks for the usual path, with changes. */
function ask(change: Partial<PathQuestion> = {}) {
  return validatePath({
    leaf: deviceCertificate,
    intermediates: [issuingCertificate],
    anchors: [anchor],
    at: madeNow,
    purpose: 'device',
    ...change,
  })
}

function wordFor(change: Partial<PathQuestion> = {}): string {
  const result = ask(change)
  return result.kind === 'refused' ? result.reason : result.kind
}

/** The usual path with extensions of one's own choice at one place. */
async function withExtensions(place: 'leaf' | 'intermediate', extensions: readonly Extension[]) {
  return place === 'leaf'
    ? { leaf: await certify(device, issuing, { extensions }) }
    : { intermediates: [await certify(issuing, root, { extensions })] }
}

async function withWish(place: 'leaf' | 'intermediate' | 'anchor', wish: Wish) {
  if (place === 'leaf') return { leaf: await certify(device, issuing, wish) }
  if (place === 'intermediate')
    return { intermediates: [await certifyAuthority(issuing, root, [], undefined, wish)] }
  return { anchors: [makeAnchor(await certifyAuthority(root, root, [], undefined, wish))] }
}

test('a path is found, and says its certificates, its anchor and the leaf’s key', () => {
  const result = ask()
  if (result.kind === 'refused') assert.fail(result.detail)
  assert.deepEqual(result.path.certificates, [deviceCertificate, issuingCertificate])
  assert.equal(result.path.anchor, anchor)
  assert.equal(result.path.leaf, deviceCertificate)
  assert.deepEqual(result.path.publicKey.fingerprint, device.pair.publicKey.fingerprint)
})

test('intermediates may come in any order, twice, and among strangers', async () => {
  const middle = await certifyAuthority(other, root)
  const below = await certifyAuthority(issuing, other)
  const stranger = await certifyAuthority(device)
  assert.equal(wordFor({ intermediates: [stranger, below, middle, below, stranger] }), 'valid')
})

test('a leaf may stand directly below its anchor, or be the anchor itself', async () => {
  assert.equal(wordFor({ leaf: await certify(device, root), intermediates: [] }), 'valid')
  assert.equal(wordFor({ leaf: rootCertificate, intermediates: [], purpose: 'any' }), 'valid')
})

test('an anchor may be an issuing authority that no root vouches for', () => {
  const anchors = [makeAnchor(issuingCertificate)]
  assert.equal(wordFor({ anchors, intermediates: [] }), 'valid')
})

test('without an anchor, or without the certificate between, nothing is believed', () => {
  assert.equal(wordFor({ anchors: [] }), 'certificate-not-trusted')
  assert.equal(wordFor({ intermediates: [] }), 'certificate-not-trusted')
  assert.equal(wordFor({ leaf: issuingCertificate, anchors: [] }), 'certificate-not-trusted')
})

test('a self-signed stranger that bears the anchor’s name is not the anchor', async () => {
  const impostor = { ...(await makeEntity('CN=Root')) }
  const intermediates = [
    await certifyAuthority(issuing, impostor),
    await certifyAuthority(impostor),
  ]
  assert.equal(wordFor({ intermediates }), 'signature-wrong')
})

test('a signature that the issuer’s key did not make is refused', async () => {
  const leaf = await certify(device, issuing, { signedBy: other.pair.privateKey })
  assert.equal(wordFor({ leaf }), 'signature-wrong')
  const intermediates = [
    await certifyAuthority(issuing, root, [], undefined, { signedBy: other.pair.privateKey }),
  ]
  assert.equal(wordFor({ intermediates }), 'signature-wrong')
})

test('any algorithm certifies a key of any other', async () => {
  const names = keyAlgorithmsFor('request').map(({ name }) => name)
  const entities = await Promise.all(names.map((name) => makeEntity(`CN=${name}`, name)))
  const top = entities.at(-1)!
  for (const [index, entity] of entities.entries()) {
    const below = entities[(index + 3) % entities.length]!
    const result = validatePath({
      leaf: await certify(below, entity),
      intermediates: [await certifyAuthority(entity, top)],
      anchors: [makeAnchor(await certifyAuthority(top))],
      at: madeNow,
      purpose: 'device',
    })
    assert.equal(
      result.kind,
      'valid',
      `${entity.pair.publicKey.algorithm} over ${below.pair.publicKey.algorithm}`,
    )
  }
})

test('an issuer whose key is below the floor is refused as that', async () => {
  const { publicKey } = issuing.pair
  const weakSpki = Uint8Array.fromHex(
    `30819f300d06092a864886f70d010101050003818d0030818902818100${'c1'.repeat(128)}0203010001`,
  )
  const weak = {
    ...issuing,
    pair: { ...issuing.pair, publicKey: { ...publicKey, spki: weakSpki } },
  }
  assert.equal(wordFor({ intermediates: [await certifyAuthority(weak, root)] }), 'key-too-weak')
  const weakDevice = { ...weak, name: device.name }
  assert.equal(wordFor({ leaf: await certify(weakDevice, issuing) }), 'key-too-weak')
})

test('a key that everyone has is refused on either end of the path, and as an anchor', async () => {
  const vector = readVectors('trust/published-keys').find(({ name }) => name === 'rfc9500-p-256')!
  const { publicKey } = device.pair
  const published = { ...publicKey, spki: vector.blocks[0]!.bytes }
  const leaf = { name: device.name, pair: { ...device.pair, publicKey: published } }
  const authority = { ...leaf, name: issuing.name }
  assert.equal(wordFor({ leaf: await certify(leaf, issuing) }), 'key-known-weak')
  assert.equal(
    wordFor({ intermediates: [await certifyAuthority(authority, root)] }),
    'key-known-weak',
  )
  const refused = anchorOf(await certifyAuthority(authority, root))
  assert.equal(refused.kind === 'refused' && refused.reason, 'key-known-weak')
})

test('a signature with a short digest is refused by its algorithm', () => {
  const { tbs, signature, signatureAlgorithm } = deviceCertificate
  // ecdsa-with-SHA256 1.2.840.10045.4.3.2 becomes 1.2.840.10045.4.3.1, with SHA-224.
  const hex = signatureAlgorithm.der.toHex()
  const other224 = Uint8Array.fromHex(hex.replace('040302', '040301'))
  const bentTbs = Uint8Array.fromHex(tbs.toHex().replace(hex, other224.toHex()))
  const identifier = { ...signatureAlgorithm, der: other224 }
  const leaf = parseCertificate(encodeSigned(bentTbs, identifier, signature))
  assert.equal(wordFor({ leaf }), 'signature-algorithm-unknown')
})

// Several candidates

test('of several issuers with one name the one that signed is found, whatever the key identifiers say', async () => {
  const namesake = await makeEntity('CN=Issuing')
  const lying = encodeExtension('authorityKeyIdentifier', {
    keyIdentifier: keyIdentifierOf(namesake),
  })
  const right = encodeExtension('authorityKeyIdentifier', {
    keyIdentifier: keyIdentifierOf(issuing),
  })
  const intermediates = [await certifyAuthority(namesake, root), issuingCertificate]
  for (const extensions of [[], [lying], [right]])
    assert.equal(
      wordFor({ leaf: await certify(device, issuing, { extensions }), intermediates }),
      'valid',
    )
})

test('the key identifier decides who is tried first', async () => {
  const namesakes = await Promise.all(Array.from({ length: 8 }, () => makeEntity('CN=Issuing')))
  const intermediates = await Promise.all(namesakes.map((one) => certifyAuthority(one, root)))
  const hint = encodeExtension('authorityKeyIdentifier', {
    keyIdentifier: keyIdentifierOf(issuing),
  })
  const leaf = await certify(device, issuing, { extensions: [hint] })
  const crowd = { leaf, intermediates: [...intermediates, issuingCertificate] }
  assert.equal(wordFor({ ...crowd, budget: { signatures: 2 } }), 'valid')
})

test('an expired certificate of an authority does not hide its valid one', async () => {
  const expired = await certifyAuthority(issuing, root, [], undefined, {
    notAfter: madeNow.subtract({ hours: 1 }),
  })
  assert.equal(wordFor({ intermediates: [expired, issuingCertificate] }), 'valid')
  assert.equal(wordFor({ intermediates: [expired] }), 'certificate-expired')
})

test('a cross-certificate leads to the anchor that is known', async () => {
  const newRoot = await makeEntity('CN=New Root')
  const cross = await certifyAuthority(root, newRoot)
  const anchors = [makeAnchor(await certifyAuthority(newRoot))]
  assert.equal(wordFor({ intermediates: [issuingCertificate, cross], anchors }), 'valid')
})

test('a root’s change of key is followed by its self-issued certificate', async () => {
  const newKey = { ...(await makeEntity('CN=Root')) }
  const newWithOld = await certifyAuthority(newKey, root)
  const intermediates = [await certifyAuthority(issuing, newKey), newWithOld]
  assert.equal(wordFor({ intermediates }), 'valid')
})

test('authorities that certify each other in a circle end the search', async () => {
  const intermediates = [
    await certifyAuthority(issuing, other),
    await certifyAuthority(other, issuing),
    await certifyAuthority(issuing),
    await certifyAuthority(other),
  ]
  assert.equal(wordFor({ intermediates }), 'certificate-not-trusted')
  const wayOut = await certifyAuthority(other, root)
  assert.equal(wordFor({ intermediates: [...intermediates, wayOut] }), 'valid')
})

// 6.1.3 (a)(2)

for (const place of ['leaf', 'intermediate', 'anchor'] as const)
  test(`the ${place} is held to its validity, both ends included`, async () => {
    const notBefore = madeNow
    const notAfter = madeNow.add({ hours: 1 })
    const chain = await withWish(place, { notBefore, notAfter })
    const earlier = { milliseconds: 1 }
    assert.equal(
      wordFor({ ...chain, at: notBefore.subtract(earlier) }),
      'certificate-not-yet-valid',
    )
    assert.equal(wordFor({ ...chain, at: notBefore }), 'valid')
    assert.equal(wordFor({ ...chain, at: notAfter }), 'valid')
    assert.equal(wordFor({ ...chain, at: notAfter.add({ milliseconds: 999 }) }), 'valid')
    assert.equal(wordFor({ ...chain, at: notAfter.add({ seconds: 1 }) }), 'certificate-expired')
  })

test('99991231235959Z never ends', async () => {
  const wish = { notAfter: noWellDefinedEnd }
  const chain = {
    ...(await withWish('leaf', wish)),
    ...(await withWish('intermediate', wish)),
    ...(await withWish('anchor', wish)),
  }
  assert.equal(wordFor({ ...chain, at: Temporal.Instant.from('9999-12-31T23:59:59Z') }), 'valid')
})

test('expiry can be overlooked for the leaf, not for what stands above it, nor before it begins', async () => {
  const past = { notAfter: madeNow.subtract({ hours: 1 }) }
  assert.equal(wordFor({ ...(await withWish('leaf', past)), ignoreExpiry: true }), 'valid')
  const above = { ...(await withWish('intermediate', past)), ignoreExpiry: true }
  assert.equal(wordFor(above), 'certificate-expired')
  const early = madeNotBefore.subtract({ seconds: 1 })
  assert.equal(wordFor({ at: early, ignoreExpiry: true }), 'certificate-not-yet-valid')
  assert.equal(wordFor({ at: madeNotAfter.add({ seconds: 1 }) }), 'certificate-expired')
})

// 6.1.4 (k), (l), (m), (n)

const keyCertSign = encodeExtension('keyUsage', ['keyCertSign'])

test('an issuer that basicConstraints does not name an authority is none', async () => {
  const cases = [
    [],
    [keyCertSign],
    [encodeExtension('basicConstraints', { ca: false }), keyCertSign],
  ]
  for (const extensions of cases)
    assert.equal(
      wordFor(await withExtensions('intermediate', extensions)),
      'certificate-not-trusted',
    )
})

test('an authority whose keyUsage leaves out keyCertSign may not certify; one without keyUsage may', async () => {
  const authority = encodeExtension('basicConstraints', { ca: true })
  const cases: [string, Extension[]][] = [
    [
      'certificate-not-trusted',
      [authority, encodeExtension('keyUsage', ['digitalSignature', 'cRLSign'])],
    ],
    ['valid', [authority]],
    ['valid', [authority, keyCertSign]],
  ]
  for (const [word, extensions] of cases)
    assert.equal(wordFor(await withExtensions('intermediate', extensions)), word)
})

test('an anchor that came as a certificate is held to basicConstraints and keyUsage', async () => {
  const anchors = [makeAnchor(await certify(root, root))]
  assert.equal(wordFor({ anchors }), 'certificate-not-trusted')
})

test('a path length counts the authorities below, not the leaf, nor the self-issued', async () => {
  const middle = await certifyAuthority(other, root, [], 0)
  const below = await certifyAuthority(issuing, other)
  assert.equal(wordFor({ intermediates: [middle, below] }), 'path-too-long')
  const roomy = await certifyAuthority(other, root, [], 1)
  assert.equal(wordFor({ intermediates: [roomy, below] }), 'valid')
  // An authority as the last certificate is no intermediate.
  assert.equal(wordFor({ leaf: below, intermediates: [middle], purpose: 'any' }), 'valid')
  const renamed = await makeEntity('CN=Other')
  const selfIssued = await certifyAuthority(renamed, other)
  const leaf = await certify(device, renamed)
  assert.equal(wordFor({ leaf, intermediates: [middle, selfIssued] }), 'valid')
})

test('an anchor’s own path length counts', async () => {
  const anchors = [makeAnchor(await certifyAuthority(root, root, [], 0))]
  assert.equal(wordFor({ anchors }), 'path-too-long')
  assert.equal(wordFor({ anchors, leaf: await certify(device, root) }), 'valid')
})

test('the smaller of two path lengths holds', async () => {
  const third = await makeEntity('CN=Third')
  const intermediates = [
    await certifyAuthority(other, root, [], 1),
    await certifyAuthority(third, other, [], 5),
    await certifyAuthority(issuing, third, [], 5),
  ]
  assert.equal(wordFor({ intermediates }), 'path-too-long')
})

// 6.1.4 (o), 6.1.5 (f)

for (const place of ['leaf', 'intermediate'] as const)
  test(`an unknown extension of the ${place} is refused if it is critical`, async () => {
    const usual = place === 'leaf' ? [] : authorityExtensions(issuing)
    for (const critical of [true, false]) {
      const stranger = { oid: oid('1.3.6.1.4.1.99999.1'), critical, value: Uint8Array.of(5, 0) }
      const word = wordFor(await withExtensions(place, [...usual, stranger]))
      assert.equal(word, critical ? 'certificate-not-trusted' : 'valid')
    }
  })

test('an extension that is known but not held here is refused if it is critical', async () => {
  const mustStaple = encodeExtension('tlsFeature', [5], true)
  assert.equal(wordFor(await withExtensions('leaf', [mustStaple])), 'certificate-not-trusted')
})

// Purpose

const { anyExtendedKeyUsage, clientAuth, codeSigning, serverAuth } = keyPurposes
const purposes: [
  string,
  Parameters<typeof encodeExtension<'extKeyUsage'>>[1] | undefined,
  [string, string, string],
][] = [
  ['no extKeyUsage', undefined, ['valid', 'certificate-wrong-purpose', 'valid']],
  ['any', [anyExtendedKeyUsage], ['valid', 'certificate-wrong-purpose', 'valid']],
  ['clientAuth', [clientAuth], ['valid', 'certificate-wrong-purpose', 'valid']],
  ['serverAuth', [serverAuth], ['certificate-wrong-purpose', 'valid', 'valid']],
  ['both', [serverAuth, clientAuth], ['valid', 'valid', 'valid']],
  [
    'codeSigning',
    [codeSigning],
    ['certificate-wrong-purpose', 'certificate-wrong-purpose', 'valid'],
  ],
]

for (const [what, usages, words] of purposes)
  test(`a leaf with ${what} serves as device, as server, for anything: ${words.join(', ')}`, async () => {
    const extensions = usages === undefined ? [] : [encodeExtension('extKeyUsage', usages)]
    const leaf = await certify(device, issuing, { extensions })
    for (const [index, purpose] of (['device', 'server', 'any'] as const).entries())
      assert.equal(wordFor({ leaf, purpose }), words[index], purpose)
  })

test('an authority passes on no purpose that it does not have', async () => {
  const leaf = await certify(device, issuing, {
    extensions: [encodeExtension('extKeyUsage', [clientAuth, serverAuth])],
  })
  for (const [usage, words] of [
    [clientAuth, ['valid', 'certificate-wrong-purpose', 'valid']],
    [serverAuth, ['certificate-wrong-purpose', 'valid', 'valid']],
    [anyExtendedKeyUsage, ['valid', 'valid', 'valid']],
  ] as const) {
    const more = [encodeExtension('extKeyUsage', [usage])]
    const intermediates = [await certifyAuthority(issuing, root, more)]
    for (const [index, purpose] of (['device', 'server', 'any'] as const).entries())
      assert.equal(wordFor({ leaf, intermediates, purpose }), words[index], purpose)
  }
})

test('a device signs with its key, so keyUsage must allow that if it is there', async () => {
  for (const [usages, word] of [
    [['digitalSignature'], 'valid'],
    [['digitalSignature', 'keyEncipherment'], 'valid'],
    [['keyEncipherment'], 'certificate-wrong-purpose'],
    [['keyAgreement'], 'certificate-wrong-purpose'],
  ] as const) {
    const leaf = await certify(device, issuing, {
      extensions: [encodeExtension('keyUsage', usages)],
    })
    assert.equal(wordFor({ leaf }), word)
    assert.equal(wordFor({ leaf, purpose: 'any' }), 'valid')
  }
})

// Of several failures

test('of several paths that fail the most telling failure is said', async () => {
  const past = { notAfter: madeNow.subtract({ hours: 1 }) }
  const impostor = await makeEntity('CN=Issuing')
  const intermediates = [
    await certifyAuthority(impostor, root),
    await certify(issuing, root),
    await certifyAuthority(issuing, root, [], undefined, past),
  ]
  assert.equal(wordFor({ intermediates: intermediates.slice(0, 1) }), 'signature-wrong')
  assert.equal(wordFor({ intermediates: intermediates.slice(0, 2) }), 'certificate-not-trusted')
  assert.equal(wordFor({ intermediates }), 'certificate-expired')
  assert.equal(wordFor({ intermediates: intermediates.toReversed() }), 'certificate-expired')
})

// Budgets

/** Layers of authorities that all certify all of the layer below: paths multiply with each layer. */
async function lattice(layers: number, width: number): Promise<Certificate[]> {
  const entities: Entity[][] = []
  for (let layer = 0; layer < layers; layer++)
    entities.push(
      await Promise.all(Array.from({ length: width }, () => makeEntity(`CN=Layer ${layer}`))),
    )
  const certificates: Certificate[] = []
  for (const [layer, members] of entities.entries())
    for (const member of members)
      for (const above of entities[layer - 1] ?? [])
        certificates.push(await certifyAuthority(member, above))
  const last = entities.at(-1)![0]!
  return [...certificates, await certifyAuthority(issuing, last)]
}

test('a lattice of cross-certificates runs out of budget, not out of time', async () => {
  const intermediates = await lattice(4, 3)
  const result = ask({ intermediates, budget: { signatures: 12 } })
  assert.equal(result.kind === 'refused' && result.reason, 'path-budget-spent')
  assert.match(result.kind === 'refused' ? result.detail : '', /12 signatures/)
  assert.equal(wordFor({ intermediates, budget: { steps: 20 } }), 'path-budget-spent')
})

test('a link is paid for once, in however many paths it is', async () => {
  const [left, right, top, over] = (await Promise.all(
    ['CN=Left', 'CN=Right', 'CN=Top', 'CN=Over'].map((name) => makeEntity(name)),
  )) as [Entity, Entity, Entity, Entity]
  // Two ways lead up from the leaf to Top, and one from there to Over, where both end.
  const intermediates = await Promise.all([
    certifyAuthority(issuing, other),
    certifyAuthority(other, left),
    certifyAuthority(other, right),
    certifyAuthority(left, top),
    certifyAuthority(right, top),
    certifyAuthority(top, over),
    certifyAuthority(over, await makeEntity('CN=Nobody')),
  ])
  assert.equal(wordFor({ intermediates, budget: { signatures: 8 } }), 'certificate-not-trusted')
  assert.equal(wordFor({ intermediates, budget: { signatures: 7 } }), 'path-budget-spent')
})

test('a path of more intermediates than allowed is refused', async () => {
  const entities = await Promise.all(
    Array.from({ length: 7 }, (_, index) => makeEntity(`CN=A${index}`)),
  )
  const intermediates = await Promise.all(
    entities.map((entity, index) => certifyAuthority(entity, entities[index - 1] ?? root)),
  )
  const leafBelow = (index: number) => certify(device, entities[index]!)
  assert.equal(wordFor({ leaf: await leafBelow(5), intermediates }), 'valid')
  assert.equal(wordFor({ leaf: await leafBelow(6), intermediates }), 'path-too-long')
  const leaf = await leafBelow(6)
  assert.equal(wordFor({ leaf, intermediates, budget: { intermediates: 7 } }), 'valid')
})

test('names times constraints are bounded', async () => {
  const permitted = Array.from({ length: 100 }, (_, index) => ({
    base: { kind: 'dns', value: `d${index}.example` } as const,
  }))
  const more = [encodeExtension('nameConstraints', { permitted, excluded: [] })]
  const intermediates = [await certifyAuthority(issuing, root, more)]
  const names = Array.from(
    { length: 100 },
    () => ({ kind: 'dns', value: 'a.d99.example' }) as const,
  )
  const leaf = await certify(device, issuing, {
    extensions: [encodeExtension('subjectAltName', names)],
  })
  assert.equal(wordFor({ leaf, intermediates }), 'valid')
  const tight = { nameComparisons: 5_000 }
  assert.equal(wordFor({ leaf, intermediates, budget: tight }), 'path-budget-spent')
})

test('what was not validated does not pass for what was', () => {
  const result = ask()
  assert.ok(result.kind === 'valid')
  // @ts-expect-error an object literal has no brand
  const forged: typeof result.path = { ...result.path, leaf: deviceCertificate }
  assert.notEqual(forged, result.path)
})
