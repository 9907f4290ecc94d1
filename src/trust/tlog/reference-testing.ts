// SPDX-License-Identifier: Apache-2.0
/**
 * RFC 9162 section 2.1 once more, for the tests: the recursive definitions word for word, slow, and
 * sharing nothing with the code that they check.
 */
import { createHash } from 'node:crypto'

type Bytes = Uint8Array

function sha256(...parts: readonly Bytes[]): Bytes {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}

/** The largest power of two smaller than n. */
function k(n: number): number {
  return 2 ** Math.floor(Math.log2(n - 1))
}

/** 2.1.1: MTH. */
export function MTH(D: readonly Bytes[]): Bytes {
  const n = D.length
  if (n === 0) return sha256()
  if (n === 1) return sha256(Uint8Array.of(0x00), D[0]!)
  return sha256(Uint8Array.of(0x01), MTH(D.slice(0, k(n))), MTH(D.slice(k(n))))
}

/** 2.1.3.1: PATH(m, D_n). */
export function PATH(m: number, D: readonly Bytes[]): Bytes[] {
  const n = D.length
  if (n === 1) return []
  if (m < k(n)) return [...PATH(m, D.slice(0, k(n))), MTH(D.slice(k(n)))]
  return [...PATH(m - k(n), D.slice(k(n))), MTH(D.slice(0, k(n)))]
}

/** 2.1.4.1: PROOF(m, D_n). */
export function PROOF(m: number, D: readonly Bytes[]): Bytes[] {
  return SUBPROOF(m, D, true)
}

function SUBPROOF(m: number, D: readonly Bytes[], b: boolean): Bytes[] {
  const n = D.length
  if (m === n) return b ? [] : [MTH(D)]
  if (m <= k(n)) return [...SUBPROOF(m, D.slice(0, k(n)), b), MTH(D.slice(k(n)))]
  return [...SUBPROOF(m - k(n), D.slice(k(n)), false), MTH(D.slice(0, k(n)))]
}
