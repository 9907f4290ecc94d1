// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { isKeyName } from './note.ts'
import { parseStrictBase64 } from './strict-base64.ts'

/** A public key by which notes are verified: Ed25519 in this house. */
export interface NoteKey {
  /** For a log its origin, a URL without scheme. */
  readonly name: string
  /** The uint32 that stands before its signatures. */
  readonly keyId: number
  /** 32 bytes, RFC 8032 section 5.1.5. */
  readonly publicKey: Uint8Array
}

/** Signature type identifier byte of plain Ed25519, C2SP signed-note, Signature types. */
export const ed25519SignatureType = 0x01

/** The key as one line of text: name, key id in hexadecimal, type byte and key in base64. */
export function encodeNoteKey({ name, keyId, publicKey }: NoteKey): string {
  const typed = concatBytes([Uint8Array.of(ed25519SignatureType), publicKey])
  return `${name}+${keyId.toString(16).padStart(8, '0')}+${typed.toBase64()}`
}

/**
 * Reads such a line; whether the key id belongs to name and key is not checked here.
 *
 * @throws FormatError `text-malformed`, `base64-malformed`, or `value-not-allowed` for another type
 *   of key than Ed25519
 */
export function parseNoteKey(text: string): NoteKey {
  const match = /^([^+]*)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]*)$/.exec(text)
  const [, name = '', keyId = '', encoded = ''] = match ?? []
  if (!isKeyName(name)) throw new FormatError('text-malformed', 0, 'not a note key')
  const offset = name.length + keyId.length + 2
  const typed = parseStrictBase64(encoded, offset)
  if (typed[0] !== ed25519SignatureType || typed.length !== 33) {
    throw new FormatError('value-not-allowed', offset, 'the key is not Ed25519')
  }
  return { name, keyId: Number.parseInt(keyId, 16), publicKey: typed.slice(1) }
}
