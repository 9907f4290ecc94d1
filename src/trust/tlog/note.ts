// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { encodeNote, isKeyName, parseNote } from '#format/tlog/note.ts'
import { ed25519SignatureType, type NoteKey, parseNoteKey } from '#format/tlog/note-key.ts'
import { sha256 } from '../digest.ts'
import { type Refused, refuse } from '../refusal.ts'

/**
 * The key of a name, with its id.
 *
 * @param publicKey Ed25519: 32 bytes, or a SubjectPublicKeyInfo in DER
 * @throws RangeError for a name with white space or a plus sign, or another kind of key
 * @see C2SP signed-note, Ed25519 signatures
 */
export function noteKeyOf(name: string, publicKey: Uint8Array): NoteKey {
  if (!isKeyName(name)) throw new RangeError(`not a name for a note key: "${name}"`)
  const raw = publicKey.length === 32 ? publicKey : rawKeyOf(publicKey)
  return { name, keyId: keyIdOf(name, raw), publicKey: raw }
}

/**
 * Reads a key in its text form, and checks that its id belongs to its name and key.
 *
 * @throws FormatError as `parseNoteKey` does, and `value-not-allowed` if the id is another's
 */
export function readNoteKey(text: string): NoteKey {
  const key = parseNoteKey(text)
  const keyId = keyIdOf(key.name, key.publicKey)
  if (keyId !== key.keyId) {
    const [stated, right] = [key.keyId, keyId].map((id) => id.toString(16).padStart(8, '0'))
    const detail = `key id ${stated}, name and key give ${right}`
    throw new FormatError('value-not-allowed', key.name.length + 1, detail)
  }
  return key
}

export type VerifiedNote = { readonly kind: 'verified'; readonly text: string }

/**
 * Whether a note bears a good signature of this key; those of other keys are passed over.
 *
 * @throws FormatError if it is not a signed note
 * @see C2SP signed-note, Signatures
 */
export function verifyNote(note: string, key: NoteKey): VerifiedNote | Refused {
  const { text, signatures } = parseNote(note)
  const ours = signatures.filter(({ name, keyId }) => name === key.name && keyId === key.keyId)
  if (ours.length === 0)
    return refuse('signature-wrong', `the note has no signature of ${key.name}`)
  const signed = new TextEncoder().encode(text)
  const keyObject = keyObjectOf(key.publicKey)
  if (ours.every(({ signature }) => verify(null, signed, keyObject, signature))) {
    return { kind: 'verified', text }
  }
  return refuse('signature-wrong', `the signature of ${key.name} is not over this note`)
}

/** Makes a note with one signature; `sign` gives the plain Ed25519 signature of the bytes. */
export async function signNote(
  text: string,
  { name, keyId }: NoteKey,
  sign: (toBeSigned: Uint8Array) => Promise<Uint8Array>,
): Promise<string> {
  const signature = await sign(new TextEncoder().encode(text))
  return encodeNote({ text, signatures: [{ name, keyId, signature }] })
}

function keyIdOf(name: string, publicKey: Uint8Array): number {
  const named = new TextEncoder().encode(`${name}\n`)
  const hash = sha256(concatBytes([named, Uint8Array.of(ed25519SignatureType), publicKey]))
  return new DataView(hash.buffer).getUint32(0)
}

function keyObjectOf(publicKey: Uint8Array): KeyObject {
  const x = publicKey.toBase64({ alphabet: 'base64url', omitPadding: true })
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

function rawKeyOf(spki: Uint8Array): Uint8Array {
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  const { x } = key.asymmetricKeyType === 'ed25519' ? key.export({ format: 'jwk' }) : {}
  if (x === undefined) throw new RangeError('the public key is not Ed25519')
  return Uint8Array.fromBase64(x, { alphabet: 'base64url' })
}
