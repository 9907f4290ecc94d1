// SPDX-License-Identifier: Apache-2.0
import { sha256 } from '#trust/digest.ts'
import type { Randomness } from '../ports.ts'

/** A bearer secret: who has it, is let in. Shown once; only its hash is kept. */
export interface Token {
  /** 43 characters of base64url: 256 bits. */
  readonly text: string
  readonly sha256: Uint8Array
}

export function newToken(random: Randomness): Token {
  const text = random.bytes(32).toBase64({ alphabet: 'base64url', omitPadding: true })
  return { text, sha256: hashToken(text) }
}

/** What is kept of a token. It has 256 bits of chance, so a fast hash is enough. */
export function hashToken(text: string): Uint8Array {
  return sha256(new TextEncoder().encode(text))
}
