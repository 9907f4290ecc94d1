// SPDX-License-Identifier: Apache-2.0
/** One table of the DER parsers that meet foreign bytes, with what puts their meaning back into bytes. */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { encodeCertsOnly, parseCertsOnly } from '#format/cms/certs-only.ts'
import { encodeEnvelopedData, parseEnvelopedData } from '#format/cms/enveloped-data.ts'
import { encodeKeyPackage, parseKeyPackage } from '#format/cms/key-package.ts'
import { encodeSignedData, parseSignedData } from '#format/cms/signed-data.ts'
import { encodeSmimeCapabilities, readSmimeCapabilities } from '#format/cms/smime-capabilities.ts'
import { encodeStatusDelta, parseStatusDelta } from '#format/compact-status/status-delta.ts'
import {
  encodeStatusContent,
  encodeStatusFile,
  parseStatusFile,
} from '#format/compact-status/status-file.ts'
import { type Limits, limits } from '#format/der/budget.ts'
import { readDer } from '#format/der/reader.ts'
import { encodeDer } from '#format/der/writer.ts'
import { encodeCsrAttributes, parseCsrAttributes } from '#format/est/csr-attributes.ts'
import { encodeKeyMaking, parseKeyMaking } from '#format/est/key-making.ts'
import { encodeMlDsaPrivateKey, parseMlDsaPrivateKey } from '#format/ml-dsa-private-key.ts'
import { encodeMlKemPrivateKey, parseMlKemPrivateKey } from '#format/ml-kem-private-key.ts'
import { encodeOcspRequest, parseOcspRequest } from '#format/ocsp/request.ts'
import { encodeOcspError, encodeOcspResponse, parseOcspResponse } from '#format/ocsp/response.ts'
import { encodeResponseData } from '#format/ocsp/response-data.ts'
import { encodePbes2, parsePbes2 } from '#format/pbes2.ts'
import {
  encodeEncryptedPrivateKeyInfo,
  encodePrivateKeyInfo,
  parseEncryptedPrivateKeyInfo,
  parsePrivateKeyInfo,
} from '#format/pkcs8.ts'
import { parseEndorsementCertificate } from '#format/tpm/endorsement-certificate.ts'
import { encodeSigned, encodeTbsCertificate, parseCertificate } from '#format/x509/certificate.ts'
import {
  encodeCertificationRequestInfo,
  parseCertificationRequest,
} from '#format/x509/certification-request.ts'
import { encodeTbsCrl, parseCrl } from '#format/x509/crl.ts'
import {
  type Extension,
  type ExtensionName,
  encodeExtension,
  readExtension,
  readExtensions,
  writeExtensions,
} from '#format/x509/extension.ts'
import { extensionCodecs } from '#format/x509/extensions/table.ts'
import { encodeName, parseName } from '#format/x509/name.ts'
import { encodeSubjectPublicKeyInfo, parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { encodeRsaPssParameters, parseRsaPssParameters } from '#format/x509/rsa-pss-parameters.ts'
import { formatVectors } from '../vectors/vector.ts'
import { envelopeTargets } from './envelope-targets.ts'
import { timeStampTargets } from './time-stamp-targets.ts'
import { tpmTargets } from './tpm-targets.ts'

export interface Target {
  /** As vectors name it. */
  readonly name: string
  /** What the bytes say, in a form that can be compared; throws FormatError for what it does not accept. */
  readonly parse: (bytes: Uint8Array) => unknown
  /** Parses and encodes again. */
  readonly again: (bytes: Uint8Array) => Uint8Array
  /** Whether `again` gives the same bytes, or only bytes of the same meaning. */
  readonly exact: boolean
  /** What a parser of DER may spend; undefined for text and JSON. */
  readonly limits: Limits | undefined
  /** A form without lists or nested values: its size alone is a budget that bytes can meet. */
  readonly fixed?: true
  /** Bytes that are neither DER nor text. */
  readonly binary?: true
  /** Well-formed inputs to begin from; if absent, the vectors that the target accepts. */
  readonly seeds?: readonly Uint8Array[]
  /** Whether another implementation accepts the bytes too. */
  readonly oracle?: (bytes: Uint8Array) => boolean
  /** Checks that another implementation reads the same out of bytes that both accept. */
  readonly agrees?: (bytes: Uint8Array) => void
}

export const targets: readonly Target[] = [
  {
    name: 'status-file',
    parse: (bytes) => {
      const { bytes: _, signed, cuts, ...content } = parseStatusFile(bytes)
      return { ...content, signed: signed.length, cuts: cuts.length }
    },
    again(bytes) {
      const file = parseStatusFile(bytes)
      return encodeStatusFile(encodeStatusContent(file), file.signatures)
    },
    ...{ exact: true, limits: undefined, binary: true },
  },
  {
    name: 'status-delta',
    parse: parseStatusDelta,
    again: (bytes) => encodeStatusDelta(parseStatusDelta(bytes)),
    ...{ exact: true, limits: undefined, binary: true },
  },
  ...timeStampTargets,
  ...tpmTargets,
  ...envelopeTargets,
  {
    name: 'certificate',
    parse: (der) => parseCertificate(der),
    again(der) {
      const certificate = parseCertificate(der)
      const tbs = encodeTbsCertificate({ ...certificate, publicKey: certificate.publicKey.der })
      return encodeSigned(tbs, certificate.signatureAlgorithm, certificate.signature)
    },
    exact: true,
    limits: limits.certificate,
    oracle: (der) => succeeds(() => new X509Certificate(der)),
    agrees: agreesWithNode,
  },
  {
    name: 'endorsement-certificate',
    parse: (der) => parseEndorsementCertificate(der),
    again: (der) => parseEndorsementCertificate(der).certificate.der,
    exact: true,
    limits: limits.certificate,
    agrees(der) {
      const lenient = parseEndorsementCertificate(der, 'odd-endorsement-certificate')
      // Which algorithms there are is not asked here; all else is strict or odd, never both.
      const left = lenient.oddities.filter((oddity) => !/algorithm|parameters/.test(oddity))
      assert.deepEqual(left, [])
      if (lenient.oddities.length === 0) assert.deepEqual(parseEndorsementCertificate(der), lenient)
    },
  },
  {
    name: 'odd-endorsement-certificate',
    parse(der) {
      const read = parseEndorsementCertificate(der, 'odd-endorsement-certificate')
      // Padding is no part of the certificate, and is gone when it is written again.
      return { ...read, oddities: read.oddities.filter((oddity) => oddity !== 'trailing-padding') }
    },
    again: (der) => parseEndorsementCertificate(der, 'odd-endorsement-certificate').certificate.der,
    exact: false,
    limits: limits.certificate,
    // The mutator walks values; padding is none.
    seeds: formatVectors
      .filter(({ expect }) => /^(odd-)?endorsement-certificate accepted$/.test(expect))
      .map(({ bytes }) => bytes.subarray(0, 4 + bytes[2]! * 256 + bytes[3]!)),
  },
  {
    name: 'certification-request',
    parse: parseCertificationRequest,
    again(der) {
      const { subject, publicKey, attributes, ...request } = parseCertificationRequest(der)
      const info = { subject, publicKey: publicKey.der, attributes }
      return encodeSigned(
        encodeCertificationRequestInfo(info),
        request.signatureAlgorithm,
        request.signature,
      )
    },
    exact: true,
    limits: limits.request,
  },
  {
    name: 'crl',
    parse(der) {
      const { revoked, ...crl } = parseCrl(der)
      return { ...crl, revoked: [...revoked] }
    },
    again(der) {
      const crl = parseCrl(der)
      return encodeSigned(encodeTbsCrl(crl), crl.signatureAlgorithm, crl.signature)
    },
    exact: true,
    limits: limits.crl,
  },
  {
    name: 'ocsp-request',
    parse: parseOcspRequest,
    again: (der) => encodeOcspRequest(parseOcspRequest(der)),
    exact: true,
    limits: limits.ocspRequest,
  },
  {
    name: 'ocsp-response',
    parse: parseOcspResponse,
    again(der) {
      const response = parseOcspResponse(der)
      if (response.kind !== 'successful') return encodeOcspError(response.kind)
      return encodeOcspResponse({ ...response, tbs: encodeResponseData(response) })
    },
    exact: true,
    limits: limits.ocspResponse,
  },
  {
    name: 'certs-only',
    parse: (der) => parseCertsOnly(der),
    again: (der) => encodeCertsOnly(parseCertsOnly(der)),
    exact: false,
    limits: limits.signedData,
  },
  {
    name: 'certs-only-any-order',
    parse: (der) =>
      parseCertsOnly(der, { order: 'any' })
        .map((one) => one.toHex())
        .sort(),
    again: (der) => encodeCertsOnly(parseCertsOnly(der, { order: 'any' })),
    exact: false,
    limits: limits.signedData,
  },
  {
    name: 'signed-data',
    parse: (der) => parseSignedData(der),
    again: (der) => encodeSignedData(parseSignedData(der)),
    exact: false,
    limits: limits.signedData,
  },
  {
    name: 'private-key',
    parse: parsePrivateKeyInfo,
    again: (der) => encodePrivateKeyInfo(parsePrivateKeyInfo(der)),
    exact: false,
    limits: limits.privateKey,
    oracle: (key) =>
      succeeds(() => createPrivateKey({ key: Buffer.from(key), format: 'der', type: 'pkcs8' })),
  },
  {
    name: 'ml-dsa-private-key',
    parse: (der) => parseMlDsaPrivateKey(parsePrivateKeyInfo(der).privateKey),
    again(der) {
      const info = parsePrivateKeyInfo(der)
      const privateKey = encodeMlDsaPrivateKey(parseMlDsaPrivateKey(info.privateKey))
      return encodePrivateKeyInfo({ ...info, privateKey })
    },
    exact: false,
    limits: limits.privateKey,
  },
  {
    name: 'ml-kem-private-key',
    parse: (der) => parseMlKemPrivateKey(parsePrivateKeyInfo(der).privateKey),
    again(der) {
      const info = parsePrivateKeyInfo(der)
      const privateKey = encodeMlKemPrivateKey(parseMlKemPrivateKey(info.privateKey))
      return encodePrivateKeyInfo({ ...info, privateKey })
    },
    exact: false,
    limits: limits.privateKey,
  },
  {
    name: 'rsa-pss-parameters',
    parse: parseRsaPssParameters,
    again: (der) => encodeRsaPssParameters(parseRsaPssParameters(der)),
    // Defaults may be left out, and parameters of a hash be absent.
    exact: false,
    limits: limits.small,
  },
  {
    name: 'encrypted-private-key',
    parse(der) {
      const info = parseEncryptedPrivateKeyInfo(der)
      return { ...info, scheme: parsePbes2(info.encryptionAlgorithm) }
    },
    again(der) {
      const { encryptionAlgorithm, encryptedData } = parseEncryptedPrivateKeyInfo(der)
      return encodeEncryptedPrivateKeyInfo({
        encryptionAlgorithm: encodePbes2(parsePbes2(encryptionAlgorithm)),
        encryptedData,
      })
    },
    exact: true,
    limits: limits.privateKey,
  },
  {
    name: 'public-key',
    parse: parseSubjectPublicKeyInfo,
    again(der) {
      const { algorithm, key } = parseSubjectPublicKeyInfo(der)
      return encodeSubjectPublicKeyInfo(algorithm, key).der
    },
    exact: true,
    limits: limits.small,
    oracle: (key) =>
      succeeds(() => createPublicKey({ key: Buffer.from(key), format: 'der', type: 'spki' })),
  },
  {
    name: 'enveloped-data',
    parse: parseEnvelopedData,
    again: (der) => encodeEnvelopedData(parseEnvelopedData(der)),
    exact: true,
    limits: limits.signedData,
  },
  {
    name: 'key-package',
    parse: parseKeyPackage,
    again: (der) => encodeKeyPackage(parseKeyPackage(der)),
    exact: true,
    limits: limits.privateKey,
  },
  {
    name: 'smime-capabilities',
    parse: (der) => readDer(der, limits.small, readSmimeCapabilities),
    again: (der) => encodeSmimeCapabilities(readDer(der, limits.small, readSmimeCapabilities)),
    exact: true,
    limits: limits.small,
  },
  {
    name: 'key-making',
    parse: parseKeyMaking,
    again: (der) => encodeKeyMaking(parseKeyMaking(der)),
    exact: true,
    fixed: true,
    limits: limits.small,
  },
  {
    name: 'csr-attributes',
    parse: parseCsrAttributes,
    again: (der) => encodeCsrAttributes(parseCsrAttributes(der)),
    exact: true,
    limits: limits.request,
  },
  {
    name: 'name',
    // The string type is a matter of encoding, not of meaning.
    parse: (der) =>
      parseName(der).rdns.map((rdn) => rdn.map(({ type, value }) => `${type}=${value}`).sort()),
    again: (der) => encodeName(parseName(der).rdns).der,
    exact: false,
    limits: limits.certificate,
  },
  {
    name: 'extensions',
    parse: (der) => readValues(readAll(der)),
    again: (der) => writeAll(reencodeValues(readAll(der))),
    exact: false,
    limits: limits.certificate,
  },
]

function succeeds(attempt: () => unknown): boolean {
  try {
    attempt()
    return true
  } catch {
    return false
  }
}

/** Serial number and validity are the same for both. */
function agreesWithNode(der: Uint8Array): void {
  const ours = parseCertificate(der)
  const node = new X509Certificate(der)
  assert.equal(BigInt(`0x${node.serialNumber}`), BigInt(`0x${ours.serialNumber.toHex()}`))
  assert.equal(node.validFromDate.getTime(), ours.notBefore.epochMilliseconds)
  assert.equal(node.validToDate.getTime(), ours.notAfter.epochMilliseconds)
}

function readAll(der: Uint8Array): readonly Extension[] {
  return readDer(der, limits.certificate, (reader) => readExtensions(reader, 'keep'))
}

function writeAll(extensions: readonly Extension[]): Uint8Array {
  return encodeDer((writer) => writeExtensions(writer, extensions))
}

const names = Object.keys(extensionCodecs) as ExtensionName[]
const nameOf = new Map(names.map((name) => [extensionCodecs[name].oid, name]))

function readValues(extensions: readonly Extension[]): unknown[] {
  return extensions.map((extension) => {
    const name = nameOf.get(extension.oid)
    const value = name === undefined ? extension.value : readExtension(extensions, name)
    // Two moments are equal to a deep comparison whatever they are.
    return { ...extension, value: value instanceof Temporal.Instant ? value.toString() : value }
  })
}

function reencodeValues(extensions: readonly Extension[]): Extension[] {
  const reencode = <N extends ExtensionName>(name: N, critical: boolean) =>
    encodeExtension(name, readExtension(extensions, name)!, critical)
  return extensions.map((extension) => {
    const name = nameOf.get(extension.oid)
    return name === undefined ? extension : reencode(name, extension.critical)
  })
}

export function targetOf(name: string): Target {
  const found = targets.find((target) => target.name === name)
  if (found === undefined) throw new Error(`no target is called ${name}`)
  return found
}
