// SPDX-License-Identifier: Apache-2.0
import { gunzipSync } from 'node:zlib'
import type { ArchiveForm } from '#format/archive/archive.ts'
import { archiveForms } from '#format/archive/forms.ts'
import { plainBytes } from '#format/bytes.ts'
import { readVectors } from '../vectors/vector.ts'

/** An image that a real tool made, small enough to be kept. */
export interface ArchiveVector {
  readonly name: string
  readonly form: ArchiveForm
  readonly bytes: Uint8Array
}

/** All of them; they are kept as gzip leaves them. */
export const archiveVectors: readonly ArchiveVector[] = readVectors(
  new URL('../vectors/archive/', import.meta.url),
).map(({ name, expect, bytes }) => {
  const form = archiveForms.find((one) => expect === `${one.name} accepted`)
  if (form === undefined) throw new Error(`${name}: no such form: ${expect}`)
  return {
    name: name.replace(/\.txt$/, ''),
    form,
    bytes: new Uint8Array(plainBytes(gunzipSync(bytes))),
  }
})

/** A copy that may be changed. */
export function archiveVector(name: string): Uint8Array {
  const vector = archiveVectors.find((one) => one.name === name)
  if (vector === undefined) throw new Error(`no vector ${name}`)
  return vector.bytes.slice()
}
