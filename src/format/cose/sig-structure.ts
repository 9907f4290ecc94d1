// SPDX-License-Identifier: Apache-2.0
import { encodeCbor } from '#format/cbor/writer.ts'

const none = new Uint8Array()

/** What a COSE_Sign1 signs; no external data. @see RFC 9052 section 4.4 */
export function encodeSignature1Input(
  protectedHeader: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  return encodeCbor(['Signature1', signed(protectedHeader), none, payload])
}

/**
 * What one signature of a COSE_Sign signs; no external data.
 *
 * @param body the protected header of the body
 * @param signer the protected header of this signature
 * @see RFC 9052 section 4.4
 */
export function encodeSignatureInput(
  body: Uint8Array,
  signer: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  return encodeCbor(['Signature', signed(body), signed(signer), none, payload])
}

/** An empty map may stand in a message; what is signed has no octets in its place. @see RFC 9052 section 4.4 */
function signed(protectedHeader: Uint8Array): Uint8Array {
  return protectedHeader.length === 1 && protectedHeader[0] === 0xa0 ? none : protectedHeader
}
