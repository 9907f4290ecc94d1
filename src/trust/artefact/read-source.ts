// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto'
import { type ByteSource, stepsOf } from '#format/archive/byte-source.ts'
import { concatBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import { Sha256 } from '../digest.ts'
import type { DigestName } from '../digest-signature.ts'

const stepOctets = 131_072

/** All of a source that has at most so many octets. @throws FormatError `too-large` */
export async function readWhole(source: ByteSource, mostOctets: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let at = 0
  for await (const chunk of chunksOf(source)) {
    at += chunk.length
    if (at > mostOctets) throw new FormatError('too-large', mostOctets, `over ${mostOctets} octets`)
    chunks.push(chunk.slice())
  }
  return concatBytes(chunks)
}

/** How long a source is, and its digest; it is read once and never held. */
export async function digestSource(
  source: ByteSource,
): Promise<{ readonly octets: number; readonly sha256: Uint8Array }> {
  const running = new Sha256()
  let octets = 0
  for await (const chunk of chunksOf(source)) {
    running.take(chunk)
    octets += chunk.length
  }
  return { octets, sha256: running.finish() }
}

/** The octets of a source to its end, wherever that is; each chunk is the caller's until it asks for the next. */
export function chunksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  return stepsOf(source, 0, source.size ?? Number.POSITIVE_INFINITY, stepOctets)
}

/** Several digests of a source, in one pass. */
export async function digestsOf(
  source: ByteSource,
  names: readonly DigestName[],
): Promise<ReadonlyMap<DigestName, Uint8Array>> {
  const running = names.map((name) => [name, createHash(name)] as const)
  for await (const chunk of chunksOf(source)) for (const [, hash] of running) hash.update(chunk)
  return new Map(running.map(([name, hash]) => [name, Uint8Array.from(hash.digest())]))
}
