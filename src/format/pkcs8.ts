// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { contextConstructed, contextPrimitive } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import {
  type AlgorithmIdentifier,
  readAlgorithmIdentifier,
} from '#format/x509/algorithm-identifier.ts'
import { encodeAttribute, type RequestAttribute, readAttributes } from '#format/x509/attribute.ts'
import { FormatError } from './format-error.ts'

/** OneAsymmetricKey of RFC 5958 2: PKCS #8, with the public key where there is one. */
export interface PrivateKeyInfo {
  readonly algorithm: AlgorithmIdentifier
  /** Content of the OCTET STRING, in the algorithm's own form. Secret. */
  readonly privateKey: Uint8Array
  readonly attributes: readonly RequestAttribute[]
  /** Content of the BIT STRING; present in version 2. */
  readonly publicKey: Uint8Array | undefined
}

/** @throws FormatError */
export function parsePrivateKeyInfo(der: Uint8Array): PrivateKeyInfo {
  return readDer(der, limits.privateKey, readPrivateKeyInfo)
}

function readPrivateKeyInfo(reader: DerReader): PrivateKeyInfo {
  const inner = reader.sequence()
  const versionStart = inner.offset
  const version = inner.smallInteger(0x7fff_ffff)
  const algorithm = readAlgorithmIdentifier(inner)
  const privateKey = inner.octets()
  const attributes = inner.hasContext(0)
    ? readAttributes(inner, contextConstructed(0), (_, value) => value.skip())
    : []
  const publicKey = inner.hasPrimitive(1) ? inner.bitStringOctets(contextPrimitive(1)) : undefined
  inner.end()
  if (version !== (publicKey === undefined ? 0 : 1))
    throw new FormatError('version-unknown', versionStart, `version ${version}`)
  return { algorithm, privateKey, attributes, publicKey }
}

export function encodePrivateKeyInfo(
  info: Pick<PrivateKeyInfo, 'algorithm' | 'privateKey'> & Partial<PrivateKeyInfo>,
): Uint8Array {
  const { algorithm, privateKey, attributes = [], publicKey } = info
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.integer(publicKey === undefined ? 0 : 1)
      writer.raw(algorithm.der)
      writer.octets(privateKey)
      if (attributes.length > 0)
        writer.setOf(attributes.map(encodeAttribute), contextConstructed(0))
      if (publicKey !== undefined) writer.bitStringOctets(publicKey, contextPrimitive(1))
    })
  })
}

/** RFC 5958 3. How the key was made from a password says `parsePbes2`. */
export interface EncryptedPrivateKeyInfo {
  readonly encryptionAlgorithm: AlgorithmIdentifier
  readonly encryptedData: Uint8Array
}

/** @throws FormatError */
export function parseEncryptedPrivateKeyInfo(der: Uint8Array): EncryptedPrivateKeyInfo {
  return readDer(der, limits.privateKey, (reader) => {
    const inner = reader.sequence()
    const encryptionAlgorithm = readAlgorithmIdentifier(inner)
    const encryptedData = inner.octets()
    inner.end()
    return { encryptionAlgorithm, encryptedData }
  })
}

export function encodeEncryptedPrivateKeyInfo(info: EncryptedPrivateKeyInfo): Uint8Array {
  return encodeDer((writer) => {
    writer.sequence(() => {
      writer.raw(info.encryptionAlgorithm.der)
      writer.octets(info.encryptedData)
    })
  })
}
