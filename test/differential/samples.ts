// SPDX-License-Identifier: Apache-2.0
/** Certificates, requests and lists by chance, made with the codecs of this house and signed with node:crypto. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type Oid, parseOidText } from '#format/der/oid.ts'
import { noWellDefinedEnd } from '#format/der/time.ts'
import { accessMethods, algorithms, attributeTypes, keyPurposes } from '#format/oids.ts'
import {
  type AlgorithmIdentifier,
  encodeAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import { encodeSigned, encodeTbsCertificate } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import { encodeTbsCrl } from '#format/x509/crl.ts'
import { type Extension, encodeExtension } from '#format/x509/extension.ts'
import { reasonFlagNames } from '#format/x509/extensions/locations.ts'
import { keyUsageNames } from '#format/x509/extensions/usage.ts'
import type { GeneralName } from '#format/x509/general-name.ts'
import { encodeName, type Name } from '#format/x509/name.ts'
import type { Random } from '../fuzz/random.ts'

interface Signer {
  readonly algorithm: AlgorithmIdentifier
  readonly publicKey: Uint8Array
  readonly sign: (bytes: Uint8Array) => Uint8Array
}

function signerOf(
  keys: { privateKey: KeyObject; publicKey: KeyObject },
  algorithm: AlgorithmIdentifier,
  hash: string | null,
): Signer {
  return {
    algorithm,
    publicKey: new Uint8Array(keys.publicKey.export({ format: 'der', type: 'spki' })),
    sign: (bytes) => new Uint8Array(sign(hash, bytes, keys.privateKey)),
  }
}

const derNull = new Uint8Array([5, 0])

/** Those that every oracle knows. */
export const signers: readonly Signer[] = [
  signerOf(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    encodeAlgorithmIdentifier(algorithms.ecdsaWithSha256),
    'sha256',
  ),
  signerOf(
    generateKeyPairSync('ec', { namedCurve: 'P-384' }),
    encodeAlgorithmIdentifier(algorithms.ecdsaWithSha384),
    'sha384',
  ),
  signerOf(generateKeyPairSync('ed25519'), encodeAlgorithmIdentifier(algorithms.ed25519), null),
  signerOf(
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    encodeAlgorithmIdentifier(algorithms.sha256WithRsa, derNull),
    'sha256',
  ),
]

const nameTypes = [
  attributeTypes.commonName,
  attributeTypes.organizationName,
  attributeTypes.organizationalUnitName,
  attributeTypes.serialNumber,
  attributeTypes.localityName,
  attributeTypes.domainComponent,
  attributeTypes.emailAddress,
] as const
const printable = ['PUMP-0001 (rev. B)', 'a', 'x'.repeat(64), "O'Neill + Sons, Ltd.", '0123456789']
const wide = [
  'Pümpe',
  '输液泵',
  'насос',
  'a*b_c@d',
  '💉',
  'tab "quoted" \\ back',
  '#hash',
  ' lead',
  'trail ',
]

export function nameOf(random: Random): Name {
  const parts = [[{ type: attributeTypes.countryName, value: random.oneOf(['DE', 'US', 'JP']) }]]
  for (let count = 1 + random.below(4); count > 0; count--) {
    const type = random.oneOf(nameTypes)
    const narrow =
      type === attributeTypes.serialNumber ||
      type === attributeTypes.domainComponent ||
      type === attributeTypes.emailAddress
    parts.push([
      { type, value: narrow || random.chance(2) ? random.oneOf(printable) : random.oneOf(wide) },
    ])
  }
  return encodeName(parts)
}

function momentOf(random: Random, fromYear: number, years: number): Temporal.Instant {
  const start = Date.UTC(fromYear, 0, 1)
  return Temporal.Instant.fromEpochMilliseconds(start + random.below(years * 31_536_000) * 1000)
}

export function serialNumberOf(random: Random): Uint8Array {
  const serial = random.bytes(1 + random.below(20))
  serial[0] = (serial[0]! & 0x7f) | 1
  return serial
}

function generalNameOf(random: Random): GeneralName {
  const hardwareType = parseOidText(`1.3.6.1.4.1.99999.${random.below(1_000_000)}`)
  return random.oneOf<GeneralName>([
    { kind: 'dns', value: `pump-${random.below(9999)}.example.com` },
    { kind: 'email', value: 'pump@example.com' },
    { kind: 'uri', value: `urn:example:pump:${random.below(9999)}` },
    { kind: 'ip', bytes: random.bytes(4) },
    { kind: 'ip', bytes: random.bytes(16) },
    { kind: 'directory', name: nameOf(random) },
    { kind: 'registeredId', oid: hardwareType },
    { kind: 'hardwareModuleName', hardwareType, serialNumber: random.bytes(1 + random.below(12)) },
    { kind: 'permanentIdentifier', identifier: 'PUMP', assigner: hardwareType },
  ])
}

function someOf<T>(random: Random, values: readonly T[]): T[] {
  const chosen = values.filter(() => random.chance(2))
  return chosen.length > 0 ? chosen : [random.oneOf(values)]
}

function severalNames(random: Random): GeneralName[] {
  return Array.from({ length: 1 + random.below(3) }, () => generalNameOf(random))
}

const policy = parseOidText('1.3.6.1.4.1.99999.7')

const makers: readonly ((random: Random) => Extension)[] = [
  (random) =>
    encodeExtension(
      'basicConstraints',
      random.chance(2) ? { ca: false } : { ca: true, pathLength: random.below(300) },
    ),
  (random) => encodeExtension('keyUsage', someOf(random, keyUsageNames)),
  (random) => encodeExtension('extKeyUsage', someOf<Oid>(random, Object.values(keyPurposes))),
  (random) => encodeExtension('subjectAltName', severalNames(random), random.chance(2)),
  (random) => encodeExtension('issuerAltName', severalNames(random)),
  (random) => encodeExtension('subjectKeyIdentifier', random.bytes(20)),
  (random) => encodeExtension('authorityKeyIdentifier', { keyIdentifier: random.bytes(20) }),
  (random) =>
    encodeExtension('cRLDistributionPoints', [
      { fullName: [{ kind: 'uri', value: `http://example.com/${random.below(99)}.crl` }] },
      {
        fullName: [{ kind: 'uri', value: 'http://b' }],
        reasons: someOf(random, reasonFlagNames.slice(1)),
      },
    ]),
  (_random) =>
    encodeExtension('authorityInfoAccess', [
      { method: accessMethods.ocsp, location: { kind: 'uri', value: 'http://example.com/ocsp' } },
    ]),
  (random) =>
    encodeExtension('certificatePolicies', [
      {
        oid: policy,
        cps: ['http://example.com/cps'],
        ...(random.chance(2) ? { notices: [{ text: 'look it up' }] } : {}),
      },
    ]),
  (random) =>
    encodeExtension('nameConstraints', {
      permitted: [
        { base: { kind: 'dns', value: 'example.com' } },
        { base: { kind: 'ip', bytes: random.bytes(8) } },
      ],
      excluded: random.chance(2) ? [{ base: { kind: 'directory', name: nameOf(random) } }] : [],
    }),
  (random) => encodeExtension('policyConstraints', { requireExplicitPolicy: random.below(300) }),
  (random) => encodeExtension('inhibitAnyPolicy', random.below(300)),
  () => encodeExtension('noRevAvail', null),
  () => encodeExtension('masaUrl', 'masa.example.com'),
  (random) => ({
    oid: parseOidText('1.3.6.1.4.1.99999.8'),
    critical: false,
    value: random.bytes(random.below(300)),
  }),
]

function extensionsOf(random: Random): Extension[] {
  return someOf(random, makers).map((make) => make(random))
}

export interface Sample {
  readonly der: Uint8Array
  readonly signer: Signer
}

export function certificateOf(random: Random): Sample {
  const signer = random.oneOf(signers)
  const toBeSigned = encodeTbsCertificate({
    serialNumber: serialNumberOf(random),
    signatureAlgorithm: signer.algorithm,
    issuer: nameOf(random),
    notBefore: momentOf(random, 1990, 60),
    notAfter: random.chance(4) ? noWellDefinedEnd : momentOf(random, 2030, 100),
    subject: nameOf(random),
    publicKey: random.oneOf(signers).publicKey,
    extensions: random.chance(20) ? [] : extensionsOf(random),
  })
  return { der: encodeSigned(toBeSigned, signer.algorithm, signer.sign(toBeSigned)), signer }
}

export function requestOf(random: Random): Sample {
  const signer = random.oneOf(signers)
  const info = encodeCertificationRequestInfo({
    subject: nameOf(random),
    publicKey: signer.publicKey,
    extensions: random.chance(4) ? [] : extensionsOf(random),
    ...(random.chance(2) ? { challengePassword: random.oneOf(printable) } : {}),
    attributes: random.chance(2)
      ? [{ type: policy, values: [new Uint8Array([2, 1, 5]), new Uint8Array([1, 1, 255])] }]
      : [],
  })
  return { der: encodeSigned(info, signer.algorithm, signer.sign(info)), signer }
}

export function crlOf(random: Random): Sample {
  const signer = random.oneOf(signers)
  const toBeSigned = encodeTbsCrl({
    signatureAlgorithm: signer.algorithm,
    issuer: nameOf(random),
    thisUpdate: momentOf(random, 2000, 49),
    nextUpdate: momentOf(random, 2049, 3),
    revoked: Array.from({ length: random.below(20) }, () => ({
      serialNumber: serialNumberOf(random),
      revokedAt: momentOf(random, 2000, 49),
      reason: random.oneOf([undefined, 1, 2, 3, 4, 5, 6, 8, 9, 10]),
    })),
    extensions: [
      encodeExtension('cRLNumber', BigInt(random.bits())),
      encodeExtension('authorityKeyIdentifier', { keyIdentifier: random.bytes(20) }),
    ],
  })
  return { der: encodeSigned(toBeSigned, signer.algorithm, signer.sign(toBeSigned)), signer }
}
