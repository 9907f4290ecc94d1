// SPDX-License-Identifier: Apache-2.0
/** Commands that use a key. Part 3 sections 18 and 20, and 12.5. */
import { FormatError } from '#format/format-error.ts'
import { algorithmIds, maxDigestOctets, type TpmHash } from '../algorithms.ts'
import { hierarchies } from '../handles.ts'
import { maxTpmBytes, type TpmReader } from '../reader.ts'
import { type PcrSelection, writePcrSelections } from '../structure/pcr.ts'
import { readTpmSignature, type TpmSignature } from '../structure/signature.ts'
import type { TpmWriter } from '../writer.ts'
import { type Authorization, makeCommand, noPassword, type TpmCommand } from './command.ts'

/** How a key shall sign; undefined: as the key itself says. */
export interface SigningScheme {
  readonly name: 'rsassa' | 'rsapss' | 'ecdsa'
  readonly hash: TpmHash
}

function writeSigningScheme(writer: TpmWriter, scheme: SigningScheme | undefined): void {
  writer.uint16(algorithmIds[scheme?.name ?? 'null'])
  if (scheme !== undefined) writer.uint16(algorithmIds[scheme.hash])
}

/** TPM_ST_HASHCHECK. A null ticket: only a restricted key asks for a real one. Part 2 section 10.7.6. */
const hashCheckTag = 0x8024

/** TPM2_Sign over a digest, by an unrestricted key. */
export function sign(
  key: number,
  digest: Uint8Array,
  scheme: SigningScheme | undefined,
  authorization: Authorization = noPassword,
): TpmCommand<TpmSignature> {
  return makeCommand({
    name: 'TPM2_Sign',
    code: 0x15d,
    handles: [key],
    authorizations: [authorization],
    parameters(writer) {
      writer.sized(digest)
      writeSigningScheme(writer, scheme)
      writer.uint16(hashCheckTag)
      writer.uint32(hierarchies.null)
      writer.sized(new Uint8Array())
    },
    read: readTpmSignature,
  })
}

/** What was attested, and by which signature: both as bytes, so that they can be sent on unchanged. */
export interface SignedAttest {
  /** TPMS_ATTEST. */
  readonly attest: Uint8Array
  /** TPMT_SIGNATURE. */
  readonly signature: Uint8Array
}

/** TPM2_Certify: `signer` attests that `object` is loaded, by its Name. */
export function certify(
  object: number,
  signer: number,
  qualifyingData: Uint8Array,
  authorizations: readonly [Authorization, Authorization] = [noPassword, noPassword],
): TpmCommand<SignedAttest> {
  return makeCommand({
    name: 'TPM2_Certify',
    code: 0x148,
    handles: [object, signer],
    authorizations,
    parameters(writer) {
      writer.sized(qualifyingData)
      writeSigningScheme(writer, undefined)
    },
    read: readSignedAttest,
  })
}

/** TPM2_Quote: `signer` attests what the registers hold. */
export function quote(
  signer: number,
  qualifyingData: Uint8Array,
  selections: readonly PcrSelection[],
  authorization: Authorization = noPassword,
): TpmCommand<SignedAttest> {
  return makeCommand({
    name: 'TPM2_Quote',
    code: 0x158,
    handles: [signer],
    authorizations: [authorization],
    parameters(writer) {
      writer.sized(qualifyingData)
      writeSigningScheme(writer, undefined)
      writePcrSelections(writer, selections)
    },
    read: readSignedAttest,
  })
}

function readSignedAttest(reader: TpmReader): SignedAttest {
  const attest = reader.sized(maxTpmBytes)
  const start = reader.offset
  readTpmSignature(reader)
  return { attest, signature: reader.since(start) }
}

/**
 * TPM2_ActivateCredential: opens a credential that was made for `object` and the endorsement key.
 *
 * @param credentialBlob TPM2B_ID_OBJECT
 * @param encryptedSecret TPM2B_ENCRYPTED_SECRET
 */
export function activateCredential(
  object: number,
  endorsementKey: number,
  credentialBlob: Uint8Array,
  encryptedSecret: Uint8Array,
  authorizations: readonly [Authorization, Authorization],
): TpmCommand<Uint8Array> {
  return makeCommand({
    name: 'TPM2_ActivateCredential',
    code: 0x147,
    handles: [object, endorsementKey],
    authorizations,
    parameters(writer) {
      writer.raw(credentialBlob)
      writer.raw(encryptedSecret)
    },
    read(reader) {
      const at = reader.offset
      const secret = reader.sized(maxDigestOctets)
      if (secret.length === 0) throw new FormatError('element-missing', at, 'an empty secret')
      return secret
    },
  })
}
