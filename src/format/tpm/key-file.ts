// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { oid } from '#format/der/oid.ts'
import { readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { maxTpmBytes, readTpm } from './reader.ts'
import { parseSizedPublic, type TpmPublic } from './structure/public.ts'
import { encodeTpm } from './writer.ts'

/** The label of its PEM block: OpenSSL reads it as a private key where a provider for TPMs is loaded. */
export const keyFileLabel = 'TSS2 PRIVATE KEY'

/**
 * A key that only one TPM can load: its private part is encrypted by the parent, a storage key of that TPM.
 *
 * Of the format's forms only the plain one is read: loadable, without password and without policy.
 */
export interface TpmKeyFile {
  /** A persistent handle: of the storage root key. */
  readonly parent: number
  readonly public: TpmPublic
  /** TPM2B_PUBLIC as it stands. */
  readonly sizedPublic: Uint8Array
  /** TPM2B_PRIVATE's content. */
  readonly private: Uint8Array
}

/** id-loadablekey. */
const loadableKey = oid('2.23.133.10.1.3')

/**
 * @throws FormatError
 * @see ASN.1 Specification for TPM 2.0 Key Files, section 3.1 (TPMKey)
 */
export function parseTpmKeyFile(der: Uint8Array): TpmKeyFile {
  return readDer(der, limits.privateKey, (reader) => {
    const sequence = reader.sequence()
    const start = sequence.offset
    const type = sequence.oid()
    if (type !== loadableKey) throw new FormatError('value-not-allowed', start, `key type ${type}`)
    const emptyAuth = sequence.context(0)
    const at = emptyAuth.offset
    if (!emptyAuth.boolean()) throw new FormatError('value-not-allowed', at, 'it has a password')
    emptyAuth.end()
    const parent = Number(sequence.bigInteger(5))
    const sizedPublic = sequence.octets()
    const wrapped = sequence.octets()
    sequence.end()
    return {
      parent,
      public: parseSizedPublic(sizedPublic),
      sizedPublic,
      private: readTpm(wrapped, (inner) => inner.sized(maxTpmBytes)),
    }
  })
}

export function encodeTpmKeyFile(file: Omit<TpmKeyFile, 'public'>): Uint8Array {
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.oid(loadableKey)
      writer.context(0, () => writer.boolean(true))
      writer.integer(file.parent)
      writer.octets(file.sizedPublic, tag.octetString)
      writer.octets(
        encodeTpm((inner) => inner.sized(file.private)),
        tag.octetString,
      )
    }),
  )
}
