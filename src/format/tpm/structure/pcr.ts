// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { algorithmIds, maxDigestOctets, readHash, type TpmHash } from '../algorithms.ts'
import { readTpm, type TpmReader } from '../reader.ts'
import { encodeTpm, type TpmWriter } from '../writer.ts'

/** TPMS_PCR_SELECTION: which registers of one bank. Part 2 section 10.6.2. */
export interface PcrSelection {
  readonly bank: TpmHash
  /** Ascending, each once. */
  readonly registers: readonly number[]
  /** Octets of the bitmap as it stood; 3 for the 24 registers of a PC client. */
  readonly mapOctets: number
}

/** HASH_COUNT of the reference implementation is below this, PCR_SELECT_MAX is 3 or 4. */
const mostBanks = 16
const mostMapOctets = 4

/** @throws FormatError */
export function parsePcrSelections(bytes: Uint8Array): readonly PcrSelection[] {
  return readTpm(bytes, readPcrSelections)
}

export function encodePcrSelections(selections: readonly PcrSelection[]): Uint8Array {
  return encodeTpm((writer) => writePcrSelections(writer, selections))
}

/** TPML_PCR_SELECTION. Part 2 section 10.9.7. */
export function readPcrSelections(reader: TpmReader): readonly PcrSelection[] {
  return reader.list(readPcrSelection, mostBanks)
}

function readPcrSelection(reader: TpmReader): PcrSelection {
  const bank = readHash(reader, 'register bank')
  const at = reader.offset
  const mapOctets = reader.uint8()
  if (mapOctets > mostMapOctets)
    throw new FormatError('too-large', at, `${mapOctets} octets, at most ${mostMapOctets}`)
  const map = reader.bytes(mapOctets)
  const registers: number[] = []
  for (let register = 0; register < mapOctets * 8; register++)
    if ((map[register >> 3]! & (1 << (register & 7))) !== 0) registers.push(register)
  return { bank, registers, mapOctets }
}

export function writePcrSelections(writer: TpmWriter, selections: readonly PcrSelection[]): void {
  writer.list(selections, ({ bank, registers, mapOctets }) => {
    const map = new Uint8Array(mapOctets)
    for (const register of registers) {
      if (register >= mapOctets * 8)
        throw new FormatError('value-not-allowed', 0, `register ${register} of ${mapOctets * 8}`)
      map[register >> 3]! |= 1 << (register & 7)
    }
    writer.uint16(algorithmIds[bank])
    writer.uint8(mapOctets)
    writer.raw(map)
  })
}

/** TPML_DIGEST holds at most 8. Part 2 section 10.9.4. */
const mostDigests = 8

/** @throws FormatError */
export function parseDigests(bytes: Uint8Array): readonly Uint8Array[] {
  return readTpm(bytes, readDigests)
}

export function encodeDigests(digests: readonly Uint8Array[]): Uint8Array {
  return encodeTpm((writer) => writeDigests(writer, digests))
}

export function readDigests(reader: TpmReader): readonly Uint8Array[] {
  return reader.list((one) => one.sized(maxDigestOctets), mostDigests)
}

export function writeDigests(writer: TpmWriter, digests: readonly Uint8Array[]): void {
  writer.list(digests, (digest) => writer.sized(digest))
}
