// SPDX-License-Identifier: Apache-2.0
/** What an outer manifest says, octet by octet as `docs/outer-manifest.md` has it. */
import { compareBytes } from '#format/bytes.ts'
import { cborLimits } from '#format/cbor/limits.ts'
import { CborReader } from '#format/cbor/reader.ts'
import { encodeCbor } from '#format/cbor/writer.ts'
import { FormatError } from '#format/format-error.ts'
import { outerManifestBounds as bounds } from './bounds.ts'
import { readField } from './field.ts'
import { checkFileName, checkText } from './text.ts'

export const manifestEnvironments = ['trial', 'test', 'production'] as const
export type ManifestEnvironment = (typeof manifestEnvironments)[number]

export const manifestKinds = ['security', 'feature', 'configuration'] as const
export type ManifestKind = (typeof manifestKinds)[number]

export interface ManifestFile {
  readonly name: string
  readonly octets: number
  readonly sha256: Uint8Array
}

/** Who has to have signed. */
export interface PolicyRow {
  /** Number of a COSE algorithm. */
  readonly algorithm: number
  /** SHA-256 of the SubjectPublicKeyInfo, DER. */
  readonly keyId: Uint8Array
}

export interface OuterManifest {
  readonly product: string
  /** For people. */
  readonly version: string
  /** Never falls from release to release. */
  readonly securityVersion: number
  readonly environment: ManifestEnvironment
  readonly kind: ManifestKind
  /** To the second. */
  readonly madeAt: Temporal.Instant
  /** Ascending by the octets of their names. */
  readonly files: readonly ManifestFile[]
  /** Every row has to have signed. */
  readonly policy: readonly PolicyRow[]
  /** What it is for, ascending by octets; empty: any. */
  readonly hardware: readonly string[]
}

const formatNumber = 1

/** @throws FormatError */
export function parseOuterManifest(bytes: Uint8Array): OuterManifest {
  const reader = CborReader.over(bytes, cborLimits.outerManifest)
  const manifest = readOuterManifest(reader)
  reader.end()
  return manifest
}

/** The map, as the next item. */
export function readOuterManifest(reader: CborReader): OuterManifest {
  return reader.record(10, () => {
    readField(reader, 1)
    const start = reader.offset
    const format = reader.unsigned()
    if (format !== formatNumber) throw new FormatError('version-unknown', start, `${format}`)
    readField(reader, 2)
    const product = readText(reader, bounds.productOctets)
    readField(reader, 3)
    const version = readText(reader, bounds.versionOctets)
    readField(reader, 4)
    const securityVersion = reader.between(0, bounds.securityVersion, 'security version')
    readField(reader, 5)
    const environment =
      manifestEnvironments[reader.between(0, manifestEnvironments.length - 1, 'environment')]!
    readField(reader, 6)
    const kind = manifestKinds[reader.between(0, manifestKinds.length - 1, 'kind')]!
    readField(reader, 7)
    const madeAt = Temporal.Instant.fromEpochMilliseconds(
      1000 * reader.between(0, bounds.seconds, 'made at'),
    )
    readField(reader, 8)
    const files = readFiles(reader)
    readField(reader, 9)
    const policy = readPolicy(reader)
    readField(reader, 10)
    const hardware = readHardware(reader)
    return {
      ...{ product, version, securityVersion, environment, kind, madeAt },
      ...{ files, policy, hardware },
    }
  })
}

function readText(reader: CborReader, mostOctets: number): string {
  const start = reader.offset
  const text = reader.text()
  checkText(text, mostOctets, start)
  return text
}

function readFiles(reader: CborReader): ManifestFile[] {
  const start = reader.offset
  const files = reader.array(() => {
    const fileOffset = reader.offset
    const file = reader.record(3, () => {
      readField(reader, 1)
      const nameOffset = reader.offset
      const name = reader.text()
      checkFileName(name, nameOffset)
      readField(reader, 2)
      const octets = reader.unsigned()
      readField(reader, 3)
      return { name, octets, sha256: reader.bytesOf(32, 'SHA-256') }
    })
    return { file, fileOffset }
  })
  checkCount(files.length, 1, bounds.files, 'files', start)
  for (const [index, { file, fileOffset }] of files.entries())
    if (index > 0) checkAscending(files[index - 1]!.file.name, file.name, fileOffset)
  return files.map(({ file }) => file)
}

function readPolicy(reader: CborReader): PolicyRow[] {
  const start = reader.offset
  const known = new Set<string>()
  const rows = reader.array(() => {
    const rowOffset = reader.offset
    const row = reader.tuple(2, () => ({
      algorithm: reader.integer(),
      keyId: reader.bytesOf(32, 'key id'),
    }))
    const id = row.keyId.toHex()
    if (known.has(id)) throw new FormatError('value-not-allowed', rowOffset, 'a key stands twice')
    known.add(id)
    return row
  })
  checkCount(rows.length, 1, bounds.policy, 'rows of the policy', start)
  return rows
}

function readHardware(reader: CborReader): string[] {
  const start = reader.offset
  let previous: string | undefined
  const hardware = reader.array(() => {
    const offset = reader.offset
    const text = readText(reader, bounds.hardwareOctets)
    if (previous !== undefined) checkAscending(previous, text, offset)
    previous = text
    return text
  })
  checkCount(hardware.length, 0, bounds.hardware, 'kinds of hardware', start)
  return hardware
}

function checkCount(count: number, least: number, most: number, what: string, offset: number) {
  if (count < least || count > most)
    throw new FormatError('value-not-allowed', offset, `${count} ${what}, ${least} to ${most}`)
}

const encoder = new TextEncoder()

function checkAscending(before: string, text: string, offset: number): void {
  if (compareBytes(encoder.encode(before), encoder.encode(text)) >= 0)
    throw new FormatError('set-not-sorted', offset, text)
}

/**
 * Files and hardware come out sorted, whatever their order was.
 *
 * @throws FormatError if something is out of the bounds of the format: what is written can be read
 */
export function encodeOuterManifest(manifest: OuterManifest): Uint8Array {
  const files = manifest.files.toSorted((left, right) => byOctets(left.name, right.name))
  const encoded = encodeCbor(
    new Map<number, Parameters<typeof encodeCbor>[0]>([
      [1, formatNumber],
      [2, manifest.product],
      [3, manifest.version],
      [4, manifest.securityVersion],
      [5, manifestEnvironments.indexOf(manifest.environment)],
      [6, manifestKinds.indexOf(manifest.kind)],
      [7, Math.floor(manifest.madeAt.epochMilliseconds / 1000)],
      [8, files.map(encodeFile)],
      [9, manifest.policy.map(({ algorithm, keyId }) => [algorithm, keyId])],
      [10, manifest.hardware.toSorted(byOctets)],
    ]),
  )
  parseOuterManifest(encoded)
  return encoded
}

function encodeFile({ name, octets, sha256 }: ManifestFile) {
  return new Map<number, string | number | Uint8Array>([
    [1, name],
    [2, octets],
    [3, sha256],
  ])
}

function byOctets(left: string, right: string): number {
  return compareBytes(encoder.encode(left), encoder.encode(right))
}
