// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { Fault } from '#core/fault.ts'
import { type KeyList, readKeyList } from '#trust/weak-keys/lists/key-list.ts'

/** A list that is held open: what is asked of it is read from the file that was gone through, whatever comes in its place. */
export interface OpenKeyList {
  readonly list: KeyList
  close(): void
}

const pieceOctets = 1_048_576

/**
 * Goes once through a list, and keeps its file open for short readings.
 *
 * @throws FormatError for a list that is not what it says; what the system says of a file that cannot be read
 */
export async function openKeyListFile(path: string): Promise<OpenKeyList> {
  const descriptor = openSync(path, 'r')
  try {
    const list = await readKeyList(piecesOf(descriptor), readingFrom(descriptor, path))
    return { list, close: () => closeSync(descriptor) }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** No stream: one that is left half-way closes the descriptor, which may be another file's by then. */
async function* piecesOf(descriptor: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(pieceOctets)
  for (let offset = 0; ; ) {
    const { bytesRead } = await readPiece(descriptor, buffer, 0, pieceOctets, offset)
    if (bytesRead === 0) return
    offset += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

const readPiece = promisify(read)

/** One buffer serves all readings, as what was read is looked at before anything else happens. */
function readingFrom(descriptor: number, path: string) {
  let buffer = new Uint8Array(4096)
  return (offset: number, octets: number): Uint8Array => {
    if (buffer.length < octets) buffer = new Uint8Array(2 * octets)
    const got = readSync(descriptor, buffer, 0, octets, offset)
    if (got !== octets)
      throw new Fault('store-unreachable', `${path} ends before octet ${offset + octets}`)
    return buffer.subarray(0, octets)
  }
}
