// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from 'node:crypto'
import type { LmsHash } from '#format/lms/parameters.ts'
import { sha256 } from '../digest.ts'

/** What is hashed of one tree: H of a parameter set. */
export interface LmsHasher {
  readonly hash: LmsHash
  readonly octets: number
}

/** A running H. SHA-256 with 192 bits is its beginning (RFC 9858 section 3.1). */
export function startHash({ hash, octets }: LmsHasher): Hash {
  return hash === 'sha256' ? createHash('sha256') : createHash('shake256', { outputLength: octets })
}

export function finishHash({ octets }: LmsHasher, running: Hash): Uint8Array {
  return Uint8Array.from(running.digest().subarray(0, octets))
}

/** In one call: the steps of chains are some ten thousand a signature, of some sixty octets each. */
export function hashOf(hasher: LmsHasher, bytes: Uint8Array): Uint8Array {
  if (hasher.hash === 'sha256') return sha256(bytes).subarray(0, hasher.octets)
  return finishHash(hasher, startHash(hasher).update(bytes))
}
