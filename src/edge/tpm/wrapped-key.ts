// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'
import { FormatError } from '#format/format-error.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import type { CreatedObject } from '#format/tpm/command/objects.ts'
import { encodeTpmKeyFile, keyFileLabel, parseTpmKeyFile } from '#format/tpm/key-file.ts'
import { encodeSizedPublic, type TpmPublic } from '#format/tpm/structure/public.ts'
import { encodeSpki } from '#format/tpm/structure/spki.ts'
import { type SignatureAlgorithm, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { attributesFault } from '#trust/tpm/attributes.ts'

/** A key as it is kept: its private part is encrypted by the TPM that made it. */
export interface WrappedKey {
  readonly private: Uint8Array
  readonly publicBytes: Uint8Array
  readonly public: TpmPublic
  readonly publicKey: PublicKey
  readonly algorithm: SignatureAlgorithm
  /** Why it is not used, if it is not what a key of ours must be. */
  readonly flaw: string | undefined
}

/** The text of the file of a key. */
export function encodeWrapped(made: CreatedObject, parent: number): string {
  const sizedPublic = encodeSizedPublic(made.public)
  return encodePem(keyFileLabel, encodeTpmKeyFile({ parent, sizedPublic, private: made.private }))
}

/** @throws Fault `key-damaged` */
export function readWrapped(keyId: string, text: string): WrappedKey {
  try {
    const [block] = parsePem(text)
    if (block?.label !== keyFileLabel) throw new Fault('key-damaged', `key ${keyId} is no TPM's`)
    const file = parseTpmKeyFile(block.bytes)
    return wrappedFrom(file.public, file.private, file.sizedPublic.subarray(2))
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    throw new Fault('key-damaged', `the file of key ${keyId}: ${cause.message}`, { cause })
  }
}

/** @throws Fault `key-not-as-asked` if it is no key that signs */
export function wrappedFrom(
  value: TpmPublic,
  wrapped: Uint8Array,
  publicBytes: Uint8Array,
): WrappedKey {
  const publicKey = importPublicKey(encodeSpki(value))
  if ('kind' in publicKey) throw new Fault('key-not-as-asked', publicKey.detail)
  const fault = attributesFault(value.attributes, signingRule)
  return {
    ...{ private: wrapped, publicBytes, public: value, publicKey },
    algorithm: signatureAlgorithmFor(publicKey.algorithm),
    flaw: fault === undefined ? undefined : `a key that ${fault}`,
  }
}

/** What keeps a key in its TPM, and lets it sign certificates. */
const signingRule = {
  set: ['fixedTPM', 'fixedParent', 'sensitiveDataOrigin', 'sign'],
  clear: ['restricted', 'decrypt'],
} as const
