// SPDX-License-Identifier: Apache-2.0
import { curves, maxDigestOctets, type TpmCurve } from '../algorithms.ts'
import { readTpm } from '../reader.ts'
import { encodeTpm } from '../writer.ts'

/** TPMS_ID_OBJECT: a secret that only the TPM with the endorsement key can open, for one Name. */
export interface IdObject {
  readonly integrity: Uint8Array
  readonly encryptedIdentity: Uint8Array
}

/** The secret is a digest at most, after its size, encrypted to as many octets. Part 2 section 12.4.3. */
const mostIdentityOctets = 2 + maxDigestOctets
/** A modulus of 4096 bits, or a point. Part 2 section 11.4.3. */
export const mostSecretOctets = 512

/** Reads TPM2B_ID_OBJECT: the credential blob. @throws FormatError @see Part 2 section 12.4.3 */
export function parseIdObject(bytes: Uint8Array): IdObject {
  return readTpm(bytes, (reader) =>
    reader.inside(
      (inner) => ({ integrity: inner.sized(maxDigestOctets), encryptedIdentity: inner.rest() }),
      2 + maxDigestOctets + mostIdentityOctets,
    ),
  )
}

export function encodeIdObject({ integrity, encryptedIdentity }: IdObject): Uint8Array {
  return encodeTpm((writer) =>
    writer.inside(() => {
      writer.sized(integrity)
      writer.raw(encryptedIdentity)
    }),
  )
}

/** Reads TPM2B_ENCRYPTED_SECRET: octets of RSA-OAEP, or a point. @throws FormatError @see Part 2 section 11.4.3 */
export function parseEncryptedSecret(bytes: Uint8Array): Uint8Array {
  return readTpm(bytes, (reader) => reader.sized(mostSecretOctets))
}

export function encodeEncryptedSecret(secret: Uint8Array): Uint8Array {
  return encodeTpm((writer) => writer.sized(secret))
}

/** TPMS_ECC_POINT: the ephemeral point in an encrypted secret for an ECC key. */
export interface EccPoint {
  readonly x: Uint8Array
  readonly y: Uint8Array
}

/** @throws FormatError */
export function parseEccPoint(bytes: Uint8Array, curve: TpmCurve): EccPoint {
  const { octets } = curves[curve]
  return readTpm(bytes, (reader) => ({ x: reader.sized(octets), y: reader.sized(octets) }))
}

export function encodeEccPoint({ x, y }: EccPoint): Uint8Array {
  return encodeTpm((writer) => {
    writer.sized(x)
    writer.sized(y)
  })
}
