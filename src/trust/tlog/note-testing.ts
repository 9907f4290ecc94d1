// SPDX-License-Identifier: Apache-2.0
/** What the tests of the log sign with. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { NoteKey } from '#format/tlog/note-key.ts'
import { noteKeyOf } from './note.ts'

/** An Ed25519 key that is the same for the same seed byte. */
export function testLogKey(
  name: string,
  seed: number,
): { readonly key: NoteKey; sign(bytes: Uint8Array): Promise<Uint8Array> } {
  // RFC 8410 section 7: PKCS #8 of an Ed25519 seed.
  const pkcs8 = Uint8Array.fromHex(`302e020100300506032b657004220420${'00'.repeat(32)}`).fill(
    seed,
    16,
  )
  const options = { format: 'der', type: 'pkcs8' } as const
  const privateKey = createPrivateKey({ key: pkcs8, ...options })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    key: noteKeyOf(name, Uint8Array.from(spki)),
    sign: async (bytes) => Uint8Array.from(sign(null, bytes, privateKey)),
  }
}
