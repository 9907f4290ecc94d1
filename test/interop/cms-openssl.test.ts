// SPDX-License-Identifier: Apache-2.0
/** Signed messages between us and `openssl cms`, which RAUC and SWUpdate are built on: each believes the other's. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { memorySource } from '#format/archive/byte-source.ts'
import { encodeSignedData, parseSignedData, type SignedData } from '#format/cms/signed-data.ts'
import { encodeSignedAttributes, type SignerInfo } from '#format/cms/signer-info.ts'
import { type Oid, parseOidText } from '#format/der/oid.ts'
import { encodeDer } from '#format/der/writer.ts'
import { algorithms, attributes, contentTypes, keyPurposes } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { cmsForm } from '#trust/artefact/cms/form.ts'
import { planCms } from '#trust/cms/plan-cms.ts'
import { verifyCms } from '#trust/cms/verify-cms.ts'
import { sha256 } from '#trust/digest.ts'
import type { DigestName } from '#trust/digest-signature.ts'
import { madeNow } from '../made-certificates.ts'
import { absent } from '../support/absent.ts'
import {
  type MadeSigner,
  type SignerWish,
  type SigningHouse,
  signAll,
  signingHouse,
} from '../support/signers.ts'

const skip = absent('/usr/bin/openssl')
const place = mkdtempSync(join(tmpdir(), 'vitalsign-cms-'))
after(() => rmSync(place, { recursive: true }))
const at = (name: string) => join(place, name)
const content = Buffer.from('an update\n\r\nof 2 lines')
let house: SigningHouse

before(async () => {
  house = await signingHouse()
  writeFileSync(at('content'), content)
  writeFileSync(at('root.pem'), encodePem('CERTIFICATE', house.rootCertificate.der))
  writeFileSync(at('ca.pem'), encodePem('CERTIFICATE', house.issuingCertificate.der))
})

function openssl(...args: string[]): { status: number | null; said: string } {
  const { status, stderr } = spawnSync('/usr/bin/openssl', args, { cwd: place, encoding: 'utf8' })
  return { status, said: stderr }
}

const attime = String(madeNow.epochMilliseconds / 1000)

const rows = [
  ['p-256', undefined, []],
  ['p-384', undefined, ['-md', 'sha384']],
  ['rsa-2048', 'rsa-sha256', []],
  [
    'rsa-2048',
    'rsa-pss-sha256',
    ['-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:digest'],
  ],
] as const

for (const [algorithm, signsWith, how] of rows) {
  const name = signsWith ?? algorithm
  test(`openssl cms believes what ${name} signed here, attached and detached, and refuses one octet less`, {
    skip,
  }, async () => {
    const signer = await house.signer({ algorithm, ...(signsWith && { signsWith }) })
    for (const kind of ['attached', 'detached'] as const) {
      writeFileSync(at('signed.der'), await signedHere([signer], kind))
      const verify = (file: string) =>
        openssl(
          ...['cms', '-verify', '-binary', '-inform', 'DER', '-in', 'signed.der', '-out', 'out'],
          ...['-CAfile', 'root.pem', '-attime', attime, '-purpose', 'smimesign'],
          ...(kind === 'detached' ? ['-content', file] : []),
        )
      const { status, said } = verify('content')
      assert.equal(status, 0, said)
      assert.deepEqual(readFileSync(at('out')), content)
      if (kind === 'attached') continue
      writeFileSync(at('changed'), content.subarray(1))
      assert.notEqual(verify('changed').status, 0)
    }
  })

  test(`what openssl cms signs with ${name} is believed here, and another content is not`, {
    skip,
  }, async () => {
    const signer = await house.signer({ algorithm, ...(signsWith && { signsWith }) })
    writeFileSync(at('signer.pem'), encodePem('CERTIFICATE', signer.certificate.der))
    writeFileSync(at('key.pem'), signer.privateKey.export({ format: 'pem', type: 'pkcs8' }))
    for (const kind of ['attached', 'detached'] as const) {
      const { status, said } = openssl(
        ...['cms', '-sign', '-binary', '-nosmimecap', '-in', 'content', '-outform', 'DER'],
        ...['-out', 'theirs.der', '-signer', 'signer.pem', '-inkey', 'key.pem'],
        ...['-certfile', 'ca.pem', ...how, ...(kind === 'attached' ? ['-nodetach'] : [])],
      )
      assert.equal(status, 0, said)
      const message = parseSignedData(readFileSync(at('theirs.der')), { order: 'any' })
      for (const [bytes, kind] of [
        [content, 'proved'],
        [content.subarray(1), 'refused'],
      ] as const) {
        const digestOf = async (hash: DigestName) => createHash(hash).update(bytes).digest()
        const verdict = await verifyCms(message, digestOf, house.trust(), {
          unknownSigners: 'refused',
        })
        assert.equal(verdict.kind, kind, JSON.stringify(verdict))
      }
    }
  })
}

async function signedHere(
  signers: readonly MadeSigner[],
  kind: 'attached' | 'detached',
): Promise<Uint8Array> {
  const digests = new Map(
    (['sha256', 'sha384', 'sha512'] as const).map((hash) => [
      hash,
      Uint8Array.from(createHash(hash).update(content).digest()),
    ]),
  )
  const plan = planCms({
    content: kind === 'attached' ? { kind, bytes: content } : { kind, digests },
    signers,
    signingTime: madeNow,
  })
  assert.ok(plan.kind === 'cms-plan')
  return plan.finish(signAll(plan.wanted, signers))
}

test('openssl cms believes a message of two signers', { skip }, async () => {
  const signers = [await house.signer(), await house.signer({ algorithm: 'rsa-2048' })]
  writeFileSync(at('two.der'), await signedHere(signers, 'attached'))
  const { status, said } = openssl(
    ...['cms', '-verify', '-binary', '-inform', 'DER', '-in', 'two.der', '-out', 'out'],
    ...['-CAfile', 'root.pem', '-attime', attime],
  )
  assert.equal(status, 0, said)
})

// What is bent

/** A message of one signer, its parts changed, and signed again where `resign` says so. */
function bent(
  message: SignedData,
  signer: MadeSigner,
  change: Partial<SignerInfo>,
  resign = true,
): Uint8Array {
  const info = { ...message.signers[0]!, ...change }
  const over =
    info.signedAttributes.length === 0 ? content : encodeSignedAttributes(info.signedAttributes)
  const wanted = [{ signer, over: 'message', bytes: over } as const]
  const signature = resign ? signAll(wanted, [signer])[0]! : info.signature
  return encodeSignedData({ ...message, signers: [{ ...info, signature }] })
}

interface Bending {
  readonly house: SigningHouse
  readonly signer: MadeSigner
  readonly message: SignedData
}

type Bend = (given: Bending) => Uint8Array | Promise<Uint8Array>

const withDigest =
  (octets: Uint8Array): Bend =>
  ({ message, signer }) =>
    bent(message, signer, { signedAttributes: attributesWith(message, { digest: octets }) })

/** The signed attributes with another digest or content type; null: without it. */
function attributesWith(
  message: SignedData,
  { digest, type }: { readonly digest?: Uint8Array | null; readonly type?: Oid },
): SignerInfo['signedAttributes'] {
  return message.signers[0]!.signedAttributes.flatMap((attribute) => {
    if (attribute.type === attributes.messageDigest && digest !== undefined)
      return digest === null
        ? []
        : [{ ...attribute, values: [encodeDer((writer) => writer.octets(digest))] }]
    if (attribute.type === attributes.contentType && type !== undefined)
      return [{ ...attribute, values: [encodeDer((writer) => writer.oid(type))] }]
    return [attribute]
  })
}

const bySigner =
  (wish: SignerWish): Bend =>
  async ({ house }) =>
    signedHere([await house.signer(wish)], 'detached')

/** What neither takes: the word here, and what is done. */
const corruptions: readonly (readonly [string, string, Bend])[] = [
  [
    'the digest of something else, truly signed',
    'artefact-digest-wrong',
    withDigest(sha256(new Uint8Array())),
  ],
  [
    'a digest cut short, truly signed',
    'artefact-digest-wrong',
    withDigest(sha256(content).subarray(1)),
  ],
  [
    'no digest, truly signed',
    'artefact-malformed',
    ({ message, signer }) =>
      bent(message, signer, { signedAttributes: attributesWith(message, { digest: null }) }),
  ],
  [
    'an attribute more than was signed',
    'signature-wrong',
    ({ message, signer }) => {
      const more = { type: parseOidText('1.2.3.4'), values: [Uint8Array.of(5, 0)] }
      const signedAttributes = [...message.signers[0]!.signedAttributes, more]
      return bent(message, signer, { signedAttributes }, false)
    },
  ],
  [
    'the attributes taken away',
    'artefact-field-not-allowed',
    ({ message, signer }) => bent(message, signer, { signedAttributes: [] }, false),
  ],
  [
    'another digest algorithm than was signed with',
    'artefact-digest-wrong',
    ({ message, signer }) =>
      bent(
        message,
        signer,
        { digestAlgorithm: encodeAlgorithmIdentifier(algorithms.sha384) },
        false,
      ),
  ],
  [
    'the serial number of another',
    'artefact-signer-unknown',
    ({ message, signer }) => {
      const { signer: named } = message.signers[0]!
      return bent(message, signer, {
        signer: { ...named, serialNumber: Uint8Array.of(1) } as typeof named,
      })
    },
  ],
  [
    'no signer',
    'artefact-not-signed',
    ({ message }) => encodeSignedData({ ...message, signers: [] }),
  ],
  [
    'no certificates',
    'artefact-signer-unknown',
    ({ message }) => encodeSignedData({ ...message, certificates: [] }),
  ],
  [
    'no authority',
    'certificate-not-trusted',
    ({ message, signer }) =>
      encodeSignedData({ ...message, certificates: [signer.certificate.der] }),
  ],
  [
    'a signer of another house',
    'certificate-not-trusted',
    async () => signedHere([await (await signingHouse('Stranger')).signer()], 'detached'),
  ],
  [
    'a signer of servers',
    'certificate-wrong-purpose',
    bySigner({ purposes: [keyPurposes.serverAuth] }),
  ],
  [
    'a signer that has expired',
    'certificate-expired',
    bySigner({ notAfter: madeNow.subtract({ hours: 1 }) }),
  ],
  [
    'a signer that is not yet valid',
    'certificate-not-yet-valid',
    bySigner({ notBefore: madeNow.add({ hours: 1 }) }),
  ],
]

/** What openssl takes, and we do not: docs/conformance/cms.md says why. */
const ours: typeof corruptions = [
  [
    'attributes of another type of content, truly signed',
    'artefact-of-another-form',
    ({ message, signer }) => {
      const signedAttributes = attributesWith(message, { type: contentTypes.signedData })
      return bent(message, signer, { signedAttributes })
    },
  ],
  [
    'the algorithm of another key',
    'signature-wrong',
    ({ message, signer }) => {
      const rsa = encodeAlgorithmIdentifier(algorithms.sha256WithRsa, Uint8Array.of(5, 0))
      return bent(message, signer, { signatureAlgorithm: rsa }, false)
    },
  ],
  [
    'a signature without attributes',
    'artefact-field-not-allowed',
    ({ message, signer }) => bent(message, signer, { signedAttributes: [] }),
  ],
  [
    'SHA-1',
    'signature-algorithm-unknown',
    async ({ house }) => theirs(await house.signer({ algorithm: 'rsa-2048' }), '-md', 'sha1'),
  ],
  [
    'lengths without an end, as openssl cms -stream writes them',
    'artefact-malformed',
    async ({ house }) => theirs(await house.signer(), '-stream'),
  ],
]

/** What openssl signs over the content, beside it. */
function theirs(signer: MadeSigner, ...how: readonly string[]): Uint8Array {
  writeFileSync(at('signer.pem'), encodePem('CERTIFICATE', signer.certificate.der))
  writeFileSync(at('key.pem'), signer.privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const { status, said } = openssl(
    ...['cms', '-sign', '-binary', '-nosmimecap', '-in', 'content', '-outform', 'DER'],
    ...['-out', 'theirs.der', '-signer', 'signer.pem', '-inkey', 'key.pem'],
    ...['-certfile', 'ca.pem', ...how],
  )
  assert.equal(status, 0, said)
  return new Uint8Array(readFileSync(at('theirs.der')))
}

/** The word here, and whether openssl takes it. */
async function judgedByBoth(message: Uint8Array): Promise<readonly [string, boolean]> {
  const verdict = await cmsForm.verify(
    memorySource(message),
    house.trust({ purpose: 'email' }),
    memorySource(content),
  )
  writeFileSync(at('bent.der'), message)
  const { status } = openssl(
    ...['cms', '-verify', '-binary', '-inform', 'DER', '-in', 'bent.der', '-content', 'content'],
    ...['-out', 'out', '-CAfile', 'root.pem', '-attime', attime, '-purpose', 'smimesign'],
  )
  return [verdict.kind === 'refused' ? verdict.reason : verdict.kind, status === 0]
}

test('neither openssl cms nor we take what is bent, and some things only openssl', {
  skip,
}, async () => {
  const signer = await house.signer()
  const message = parseSignedData(await signedHere([signer], 'detached'))
  assert.deepEqual(await judgedByBoth(encodeSignedData(message)), ['genuine', true])
  for (const [rows, taken] of [
    [corruptions, false],
    [ours, true],
  ] as const)
    for (const [what, reason, bend] of rows)
      assert.deepEqual(
        [what, ...(await judgedByBoth(await bend({ house, signer, message })))],
        [what, reason, taken],
      )
})

test('of two signers one is enough here, as long as it is believed, and openssl wants both', {
  skip,
}, async () => {
  const stranger = await (await signingHouse('Stranger')).signer()
  const both = await signedHere([await house.signer(), stranger], 'detached')
  assert.deepEqual(await judgedByBoth(both), ['genuine', false])
})
