// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { maxDigestOctets } from '../algorithms.ts'
import { readTpm, type TpmReader } from '../reader.ts'
import { encodeTpm, type TpmWriter } from '../writer.ts'
import { type PcrSelection, readPcrSelections, writePcrSelections } from './pcr.ts'

/** TPM_GENERATED_VALUE: no restricted key signs anything else that begins so. Part 2 section 6.2. */
export const generatedByTpm = 0xff544347

/** TPMI_ST_ATTEST: what TPMs attest; only two kinds are read further. Part 2 section 10.12.10. */
const attestTags = {
  nv: 0x8014,
  'command-audit': 0x8015,
  'session-audit': 0x8016,
  certify: 0x8017,
  quote: 0x8018,
  time: 0x8019,
  creation: 0x801a,
  'nv-digest': 0x801c,
} as const

/** TPMU_ATTEST: that a key with this Name is in the TPM, or what its registers hold. */
export type Attested =
  | { readonly kind: 'certify'; readonly name: Uint8Array; readonly qualifiedName: Uint8Array }
  | {
      readonly kind: 'quote'
      readonly selections: readonly PcrSelection[]
      readonly digest: Uint8Array
    }

/** TPMS_ATTEST. Part 2 section 10.12.12. */
export interface Attest {
  /** Must be `generatedByTpm`; that is for who believes it to check. */
  readonly magic: number
  /** The qualified Name of the signing key. */
  readonly qualifiedSigner: Uint8Array
  /** What the caller of the TPM gave: the nonce. */
  readonly extraData: Uint8Array
  /** Milliseconds that the TPM was on since it was last cleared. */
  readonly clock: bigint
  readonly resetCount: number
  readonly restartCount: number
  /** Whether no value of `clock` greater than this was ever reported. */
  readonly safe: boolean
  readonly firmwareVersion: bigint
  readonly attested: Attested
}

/** A Name is a hash algorithm and a digest, or a handle. Part 2 section 10.5.3. */
export const mostNameOctets = 2 + maxDigestOctets
/** TPM2B_DATA: as long as TPMT_HA. Part 2 section 10.4.3. */
export const mostDataOctets = 2 + maxDigestOctets

/** @throws FormatError; a kind that is neither certify nor quote is named */
export function parseAttest(bytes: Uint8Array): Attest {
  return readTpm(bytes, (reader) => {
    const magic = reader.uint32()
    const kind = readKind(reader)
    const qualifiedSigner = reader.sized(mostNameOctets)
    const extraData = reader.sized(mostDataOctets)
    const clock = reader.uint64()
    const resetCount = reader.uint32()
    const restartCount = reader.uint32()
    const safe = reader.yesNo()
    const firmwareVersion = reader.uint64()
    const attested = readAttested(reader, kind)
    return {
      magic,
      qualifiedSigner,
      extraData,
      clock,
      resetCount,
      restartCount,
      safe,
      firmwareVersion,
      attested,
    }
  })
}

function readKind(reader: TpmReader): Attested['kind'] {
  const at = reader.offset
  const tag = reader.uint16()
  const [name] = Object.entries(attestTags).find(([, value]) => value === tag) ?? []
  if (name === 'certify' || name === 'quote') return name
  const shown = name ?? `0x${tag.toString(16).padStart(4, '0')}`
  throw new FormatError('value-not-allowed', at, `an attestation of ${shown}`)
}

function readAttested(reader: TpmReader, kind: Attested['kind']): Attested {
  if (kind === 'certify') {
    const name = reader.sized(mostNameOctets)
    return { kind, name, qualifiedName: reader.sized(mostNameOctets) }
  }
  const selections = readPcrSelections(reader)
  return { kind, selections, digest: reader.sized(maxDigestOctets) }
}

export function encodeAttest(value: Attest): Uint8Array {
  return encodeTpm((writer) => {
    writer.uint32(value.magic)
    writer.uint16(attestTags[value.attested.kind])
    writer.sized(value.qualifiedSigner)
    writer.sized(value.extraData)
    writer.uint64(value.clock)
    writer.uint32(value.resetCount)
    writer.uint32(value.restartCount)
    writer.uint8(value.safe ? 1 : 0)
    writer.uint64(value.firmwareVersion)
    writeAttested(writer, value.attested)
  })
}

function writeAttested(writer: TpmWriter, attested: Attested): void {
  if (attested.kind === 'certify') {
    writer.sized(attested.name)
    writer.sized(attested.qualifiedName)
    return
  }
  writePcrSelections(writer, attested.selections)
  writer.sized(attested.digest)
}
