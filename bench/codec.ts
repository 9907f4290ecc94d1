// SPDX-License-Identifier: Apache-2.0
/** How fast the codecs are, beside @peculiar/x509 in the same run: `node bench/codec.ts`. */
import 'reflect-metadata'
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { Certificate as AsnCertificate } from '@peculiar/asn1-x509'
import { Pkcs10CertificateRequest, X509Certificate } from '@peculiar/x509'
import { oid } from '#format/der/oid.ts'
import { algorithms, keyPurposes } from '#format/oids.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import {
  encodeSigned,
  encodeTbsCertificate,
  parseCertificate,
  type TbsCertificate,
} from '#format/x509/certificate.ts'
import {
  encodeCertificationRequestInfo,
  parseCertificationRequest,
} from '#format/x509/certification-request.ts'
import { encodeTbsCrl, parseCrl } from '#format/x509/crl.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { parseNameText } from '#format/x509/name.ts'

export interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly note: string
}

const algorithm = encodeAlgorithmIdentifier(algorithms.ecdsaWithSha256)
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const publicKey = new Uint8Array(
  createPublicKey(keys.privateKey).export({ format: 'der', type: 'spki' }),
)
const subject = parseNameText('serialNumber=PUMP-0001,CN=Infusion pump,O=Example Medical,C=DE')

function signed(toBeSigned: Uint8Array): Uint8Array {
  return encodeSigned(
    toBeSigned,
    algorithm,
    new Uint8Array(sign('sha256', toBeSigned, keys.privateKey)),
  )
}

/** What a device sends: P-256, a subject of four parts, two extensions asked for. */
function request(): Uint8Array {
  const extensions = [
    encodeExtension('keyUsage', ['digitalSignature']),
    encodeExtension('subjectAltName', [{ kind: 'dns', value: 'pump-0001.example.com' }]),
  ]
  return signed(encodeCertificationRequestInfo({ subject, publicKey, extensions }))
}

/** What it gets: a working identity. */
function certificate(serial: number): TbsCertificate {
  const hardwareType = oid('1.3.6.1.4.1.99999.1')
  const serialNumber = new Uint8Array(16).fill(1)
  serialNumber.set([1 + (serial & 0x3f), serial >> 6, serial >> 14])
  return {
    serialNumber,
    signatureAlgorithm: algorithm,
    issuer: subject,
    notBefore: Temporal.Instant.from('2026-01-01T00:00:00Z'),
    notAfter: Temporal.Instant.from('2026-04-01T00:00:00Z'),
    subject,
    publicKey,
    extensions: [
      encodeExtension('authorityKeyIdentifier', { keyIdentifier: serialNumber }),
      encodeExtension('subjectKeyIdentifier', serialNumber),
      encodeExtension('keyUsage', ['digitalSignature']),
      encodeExtension('extKeyUsage', [keyPurposes.clientAuth]),
      encodeExtension('subjectAltName', [
        { kind: 'hardwareModuleName', hardwareType, serialNumber },
        { kind: 'uri', value: 'urn:example:pump:PUMP-0001' },
      ]),
      encodeExtension('cRLDistributionPoints', [
        { fullName: [{ kind: 'uri', value: 'http://pki.example.com/crl/17.crl' }] },
      ]),
    ],
  }
}

/** Calls per second of `work`, the best of three rounds of `milliseconds` after one to warm up. */
function perSecond(work: (index: number) => unknown, milliseconds: number): number {
  let best = 0
  for (let round = 0; round < 4; round++) {
    const start = process.hrtime.bigint()
    const end = start + BigInt(milliseconds) * 1_000_000n
    let calls = 0
    let now = start
    while (now < end) {
      for (let index = 0; index < 32; index++) work(calls++)
      now = process.hrtime.bigint()
    }
    if (round > 0) best = Math.max(best, (calls * 1e9) / Number(now - start))
  }
  return Math.round(best)
}

const rounds = 400

export async function benchCodec(): Promise<Row[]> {
  const csr = request()
  const tbs = certificate(1)
  const der = signed(encodeTbsCertificate(tbs))
  const signature = parseCertificate(der).signature
  const foreign = AsnConvert.parse(der, AsnCertificate)
  const entries = 3_500
  const crl = crlOf(entries)
  const perS = (name: string, note: string, work: (index: number) => unknown): Row => ({
    name,
    value: perSecond(work, rounds),
    unit: '/s',
    note,
  })
  return [
    perS('parse a certification request', `${csr.length} bytes`, () =>
      parseCertificationRequest(csr),
    ),
    perS('the same, @peculiar/x509', 'subject, key and extensions read', () => {
      const read = new Pkcs10CertificateRequest(csr)
      return [read.subject, read.publicKey, read.extensions]
    }),
    perS('encode a certificate', `${der.length} bytes, extensions built too`, (index) =>
      encodeSigned(encodeTbsCertificate(certificate(index)), algorithm, signature),
    ),
    perS('the same, @peculiar/asn1-x509', 'schema object built beforehand', () =>
      AsnConvert.serialize(foreign),
    ),
    perS('parse a certificate', `${der.length} bytes`, () => parseCertificate(der)),
    perS('the same, @peculiar/x509', 'names, key and extensions read', () => {
      const read = new X509Certificate(der)
      return [read.subject, read.issuer, read.publicKey, read.extensions]
    }),
    perS('encode a CRL', `${entries} entries`, () => crlOf(entries)),
    perS('parse a CRL', `${entries} entries, ${crl.length} bytes`, () => parseCrl(crl)),
  ]
}

const revocations = Array.from({ length: 3_500 }, (_, index) => ({
  serialNumber: certificate(index).serialNumber,
  revokedAt: Temporal.Instant.fromEpochMilliseconds(1_767_225_600_000 + index * 1000),
  reason: index % 6,
}))

function crlOf(entries: number): Uint8Array {
  const tbs = encodeTbsCrl({
    signatureAlgorithm: algorithm,
    issuer: subject,
    thisUpdate: Temporal.Instant.from('2026-01-02T00:00:00Z'),
    nextUpdate: Temporal.Instant.from('2026-01-09T00:00:00Z'),
    revoked: revocations.slice(0, entries),
    extensions: [encodeExtension('cRLNumber', 1n)],
  })
  return encodeSigned(tbs, algorithm, new Uint8Array(64))
}

if (import.meta.main)
  for (const { name, value, unit, note } of await benchCodec())
    console.log(`${name.padEnd(34)} ${value.toLocaleString('en').padStart(10)}${unit}  ${note}`)
