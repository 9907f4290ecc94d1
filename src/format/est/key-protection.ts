// SPDX-License-Identifier: Apache-2.0
import { readSmimeCapabilities } from '#format/cms/smime-capabilities.ts'
import { limits } from '#format/der/budget.ts'
import type { Oid } from '#format/der/oid.ts'
import { type DerReader, readDer } from '#format/der/reader.ts'
import { FormatError } from '#format/format-error.ts'
import { attributes as types } from '#format/oids.ts'
import type { AlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import type { RequestAttribute } from '#format/x509/attribute.ts'

/** How a device wants the key that is made for it to be protected, beyond the connection. */
export type KeyProtection =
  | { readonly kind: 'none' }
  /** To a public key, named by its identifier, with an algorithm of these. RFC 7030 section 4.4.1.2. */
  | {
      readonly kind: 'asymmetric'
      readonly keyIdentifier: Uint8Array
      readonly capabilities: readonly AlgorithmIdentifier[]
    }
  /** With a secret that both sides have. RFC 7030 section 4.4.1.1. */
  | { readonly kind: 'symmetric' }

/**
 * What the attributes of a request to serverkeygen say of protection; those that say nothing of it are passed over.
 *
 * @throws FormatError for an attribute with two values or of a wrong type, for two ways at once, and for a key without
 *   the algorithms that it is for; offsets count from the start of the attribute's value
 */
export function readKeyProtection(attributes: readonly RequestAttribute[]): KeyProtection {
  const symmetric = singleValue(attributes, types.decryptKeyIdentifier, (reader) => reader.octets())
  const asymmetric = singleValue(attributes, types.asymmetricDecryptKeyIdentifier, (reader) =>
    reader.octets(),
  )
  const capabilities = singleValue(attributes, types.smimeCapabilities, readSmimeCapabilities)
  if (symmetric === undefined && asymmetric === undefined) return { kind: 'none' }
  if (symmetric !== undefined && asymmetric !== undefined)
    throw new FormatError('value-not-allowed', 0, 'a secret and a public key to protect by')
  if (capabilities === undefined)
    throw new FormatError('element-missing', 0, 'SMIMECapabilities beside the key identifier')
  if (asymmetric === undefined) return { kind: 'symmetric' }
  return { kind: 'asymmetric', keyIdentifier: asymmetric, capabilities }
}

function singleValue<T>(
  attributes: readonly RequestAttribute[],
  type: Oid,
  read: (reader: DerReader) => T,
): T | undefined {
  const values = attributes.find((one) => one.type === type)?.values
  const [first] = values ?? []
  if (first === undefined) return undefined
  if (values?.length !== 1) throw new FormatError('value-not-allowed', 0, 'more than one value')
  return readDer(first, limits.small, read)
}
