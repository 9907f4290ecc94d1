// SPDX-License-Identifier: Apache-2.0
import type { HssPublicKey, HssSignature } from '#format/lms/hss.ts'
import { finishHash, startHash } from './lms-hash.ts'
import { type HashMessage, verifyLms } from './verify-lms.ts'

/**
 * Whether an HSS key made this signature: a chain of LMS keys, each signed by the one above, the last of which signed
 * the message.
 *
 * Some ten thousand hashes a level. Signing is not done here, nor anywhere in software: see docs/conformance/lms.md.
 *
 * @see RFC 8554 section 6.3; SP 800-208 section 4: one hash at all levels
 */
export async function verifyHss(
  { levels, top }: HssPublicKey,
  { signed, last }: HssSignature,
  hashMessage: HashMessage,
): Promise<boolean> {
  if (signed.length + 1 !== levels) return false
  let key = top
  for (const { signature, key: next } of signed) {
    if (next.lms.hash !== top.lms.hash || next.lms.octets !== top.lms.octets) return false
    if (!(await verifyLms(key, signature, hashing([next.bytes])))) return false
    key = next
  }
  return await verifyLms(key, last, hashMessage)
}

/** Hashes a message that is in pieces, however many there are. */
export function hashing(message: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): HashMessage {
  return async (hasher, prefix) => {
    const running = startHash(hasher).update(prefix)
    for await (const chunk of message) running.update(chunk)
    return finishHash(hasher, running)
  }
}
