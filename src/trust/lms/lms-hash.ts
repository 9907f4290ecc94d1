// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from 'node:crypto'
import type { LmsHash } from '#format/lms/parameters.ts'

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

export function hashOf(hasher: LmsHasher, bytes: Uint8Array): Uint8Array {
  return finishHash(hasher, startHash(hasher).update(bytes))
}
