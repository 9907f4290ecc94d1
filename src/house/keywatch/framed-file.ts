// SPDX-License-Identifier: Apache-2.0
/** Files of the watch on primes: a head that says what follows and its digest, so that none is believed unread. */
import { readFile } from 'node:fs/promises'
import { sha256 } from '#trust/digest.ts'

/** What a file is: keys, the product of their moduli, or the products of their blocks. */
export type FileKind = 'keys' | 'product' | 'branches'

const magic = new TextEncoder().encode('vitalsign-watch1')
const kindOctets = 16
export const headOctets = magic.length + kindOctets + 32

/** The file as it is to be written: head and body. */
export function encodeFramed(kind: FileKind, body: Uint8Array): Uint8Array {
  const file = new Uint8Array(headOctets + body.length)
  file.set(magic)
  file.set(new TextEncoder().encode(kind), magic.length)
  file.set(sha256(body), magic.length + kindOctets)
  file.set(body, headOctets)
  return file
}

/** Why a file cannot be used; it is made anew from what it was made of. */
export class UnusableFile extends Error {
  readonly file: string

  constructor(file: string, why: string) {
    super(`${file} ${why}`)
    this.file = file
  }
}

/**
 * The body of a file, and its digest.
 *
 * @throws UnusableFile if it is not there, not ours, of another kind, or damaged
 */
export async function readFramed(
  kind: FileKind,
  path: string,
): Promise<{ readonly body: Uint8Array; readonly digest: string }> {
  const file: Uint8Array = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw new UnusableFile(path, 'is missing')
    throw cause
  })
  const head = encodeFramed(kind, new Uint8Array())
  const named = magic.length + kindOctets
  if (file.length < headOctets || !sameOctets(file.subarray(0, named), head.subarray(0, named)))
    throw new UnusableFile(path, `is no file of ${kind} of this watch`)
  const body = file.subarray(headOctets)
  const digest = sha256(body)
  if (!sameOctets(digest, file.subarray(named, headOctets)))
    throw new UnusableFile(path, 'is damaged: it does not have the digest that its head names')
  return { body, digest: digest.toHex() }
}

function sameOctets(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((octet, at) => octet === right[at])
}
