// SPDX-License-Identifier: Apache-2.0
/**
 * The status file of ten million certificates of which one in a hundred is revoked: how large beside the revocation
 * lists and beside what no encoding can undercut, how long it takes, and what a day adds.
 *
 * The rows come out of a generator, so that the figures are those of the files; what reading them from a ledger
 * takes is told apart, by bench/tools of its own.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Authority } from '#core/ledger/tables.ts'
import type {
  CertificateRow,
  CertificateRows,
  SerialRange,
} from '#core/status-files/certificate-rows.ts'
import { usualBlockSize } from '#core/status-files/make-status-file.ts'
import { type Before, planStatusFile } from '#core/status-files/plan-status-file.ts'
import type { CertificateState } from '#format/compact-status/changes.ts'
import {
  encodeStatusContent,
  encodeStatusFile,
  parseStatusFile,
} from '#format/compact-status/status-file.ts'
import { encodeSigned } from '#format/x509/certificate.ts'
import { encodeTbsCrl } from '#format/x509/crl.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { parseNameText } from '#format/x509/name.ts'
import { ThreadedBlockBuilder } from '#house/block-builder.ts'
import { signatureAlgorithmFor } from '#trust/algorithms.ts'
import { makeDelta } from '#trust/compact-status/delta.ts'
import { signedMessage } from '#trust/compact-status/open-status-file.ts'
import { statusOf } from '#trust/compact-status/status-of.ts'
import { sha256 } from '#trust/digest.ts'
import { benchDirectory } from './tools/bench-house.ts'
import type { Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

export interface CompactOptions {
  readonly certificates: number
  /** Certificates in a block; the usual number, if not said. */
  readonly blockSize?: number
}

const since = Temporal.Instant.from('2025-11-22T12:00:00Z')
const key = sha256(new TextEncoder().encode('bench'))
const authority = {
  id: 'aut_bench',
  key: 'key',
  origin: null,
  createdAt: since,
} as unknown as Authority
/** A year of them, evenly. */
const spanSeconds = 365 * 86_400

/** Certificates that are computed when they are read: number n has a serial number of its own. */
class GeneratedRows implements CertificateRows {
  count_: number
  readonly revoked = new Set<number>()
  readonly #perSecond: number
  readonly #first = Math.floor(since.epochMilliseconds / 1000)

  constructor(count: number) {
    this.count_ = count
    this.#perSecond = count / spanSeconds
  }

  secondOf(index: number): number {
    return this.#first + Math.floor(index / this.#perSecond)
  }

  serial(index: number): Uint8Array {
    const bytes = new Uint8Array(16)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, 0x4000_0000 | (this.secondOf(index) & 0x3fff_ffff))
    view.setUint32(4, index) // ascending within a second
    view.setUint32(8, Math.imul(index, 0x9e37_79b1))
    view.setUint32(12, Math.imul(index ^ 0x5bd1_e995, 0x85eb_ca6b))
    return bytes
  }

  row(index: number): CertificateRow {
    return {
      serialNumber: this.serial(index),
      state: this.stateOf(index),
      notAfterMilliseconds: 4e12,
      reservedAtMilliseconds: this.secondOf(index) * 1000,
    }
  }

  stateOf(index: number): CertificateState {
    return this.revoked.has(index) ? 'revoked' : 'fine'
  }

  /** The first number whose serial number is not below. */
  #at(bound: Uint8Array | undefined, fallback: number): number {
    if (bound === undefined) return fallback
    const view = new DataView(bound.buffer, bound.byteOffset)
    if (bound.length === 16) return view.getUint32(4) + 1
    const second = view.getUint32(0)
    let [low, high] = [0, this.count_]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((0x4000_0000 | (this.secondOf(middle) & 0x3fff_ffff)) < second) low = middle + 1
      else high = middle
    }
    return low
  }

  async inRange(_: string, { from, below }: SerialRange, limit: number, after?: Uint8Array) {
    const first = this.#at(after ?? from, 0)
    const last = Math.min(this.#at(below, this.count_), first + limit)
    return Array.from({ length: Math.max(0, last - first) }, (_, at) => this.row(first + at))
  }

  async count(_: string, { from, below }: SerialRange) {
    return Math.max(0, this.#at(below, this.count_) - this.#at(from, 0))
  }

  async ofOtherLength() {
    return []
  }

  async bare() {
    return []
  }

  async bad() {
    return { rows: [...this.revoked].map((index) => this.row(index)), next: undefined }
  }
}

export async function benchCompact({
  certificates,
  blockSize = usualBlockSize,
}: CompactOptions): Promise<Row[]> {
  const rows = new GeneratedRows(certificates)
  const revoked = certificates / 100
  revokeMore(rows, revoked)
  const builder = new ThreadedBlockBuilder()
  const make = async (before: Before | undefined) => {
    const coversUntil = Temporal.Instant.fromEpochMilliseconds(
      (rows.secondOf(rows.count_ - 1) + 1) * 1000,
    )
    const [begun, used] = [performance.now(), process.cpuUsage()]
    const planned = await planStatusFile(
      {
        ...{
          anchors: key,
          number: (before?.file.number ?? 0) + 1,
          madeAt: coversUntil,
          coversUntil,
        },
        holders: [{ keySha256: key, authorities: [authority] }],
      },
      before,
      { rows, build: builder.build, seed: sha256(key), blockSize },
    )
    const signed = encodeStatusContent({
      ...planned.content,
      expiresAt: coversUntil.add({ hours: 192 }),
    })
    // Two P-256 certificates and a signature.
    const bytes = encodeStatusFile(signed, [
      { certificates: [new Uint8Array(600), new Uint8Array(600)], signature: new Uint8Array(72) },
    ])
    return {
      file: parseStatusFile(bytes),
      book: planned.book,
      seconds: (performance.now() - begun) / 1000,
      processor: processorSeconds(used),
    }
  }
  try {
    const first = await make(undefined)
    const peak = process.resourceUsage().maxRSS / 1024
    const lookUps = lookUpRate(rows, first)
    const inC = lookUpRateInC(rows, first)
    revokeMore(rows, 1)
    const one = await make(first)
    revokeMore(rows, certificates / 10_000)
    rows.count_ += Math.round(30_000 * (certificates / 1e7))
    const day = await make(one)
    const floor = floorBytes(certificates, revoked)
    const note = `${certificates} certificates, ${revoked} revoked`
    const size = first.file.bytes.length
    return [
      {
        name: 'status file',
        value: size,
        unit: 'bytes',
        limit: { name: 'least that any encoding takes', value: floor },
        note,
      },
      {
        name: 'sharded revocation lists of the same',
        value: listBytes(certificates, revoked),
        unit: 'bytes',
        limit: { name: 'status file', value: size },
        note: 'one shard for 3,500 certificates, signed with P-256',
      },
      {
        name: 'build of the first file',
        value: first.seconds,
        unit: 's',
        note: `${first.processor.toFixed(1)} s of processor time, peak memory ${Math.round(peak)} MB`,
      },
      {
        name: 'next file after one revocation',
        value: one.seconds,
        unit: 's',
        note: `${one.processor.toFixed(1)} s of processor time, delta ${makeDelta(first.file, one.file).length} bytes`,
      },
      {
        name: 'next file after a day',
        value: day.seconds,
        unit: 's',
        note: `0.01 % more revoked, 30,000 new; ${day.processor.toFixed(1)} s of processor time`,
      },
      {
        name: 'delta after a day',
        value: makeDelta(one.file, day.file).length,
        unit: 'bytes',
        limit: { name: 'whole file', value: day.file.bytes.length },
        note: '0.01 % more revoked, 30,000 new',
      },
      { name: 'look-ups, TypeScript', value: lookUps, unit: '/s', note: 'one core' },
      ...(inC === undefined
        ? []
        : [{ name: 'look-ups, C99', value: inC, unit: '/s', note: 'one core, gcc -O2' }]),
    ]
  } finally {
    await builder.close()
  }
}

/** What the shards of all of them take, each with its share of the revoked. */
function listBytes(certificates: number, revoked: number): number {
  const shards = Math.ceil(certificates / 3_500)
  const perShard = Math.round(revoked / shards)
  const algorithm = signatureAlgorithmFor('p-256').identifier
  const tbs = encodeTbsCrl({
    signatureAlgorithm: algorithm,
    issuer: parseNameText('O=Maker, CN=Maker issuing authority 1'),
    ...{ thisUpdate: since, nextUpdate: since.add({ hours: 192 }) },
    revoked: Array.from({ length: perShard }, (_, index) => {
      return {
        serialNumber: new Uint8Array(16).fill(0x41 + (index % 2)),
        revokedAt: since,
        reason: 1,
      }
    }),
    extensions: [
      encodeExtension('authorityKeyIdentifier', { keyIdentifier: new Uint8Array(20) }),
      encodeExtension('cRLNumber', 1000n),
      encodeExtension('issuingDistributionPoint', {
        fullName: [{ kind: 'uri', value: 'http://pki.example.com/crl/issuing-1/1234.crl' }],
      }),
    ],
  })
  return encodeSigned(tbs, algorithm, new Uint8Array(71)).length * shards
}

/** Of all threads: what others do on the machine does not count. */
function processorSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

function revokeMore({ revoked, count_ }: GeneratedRows, more: number): void {
  const wanted = revoked.size + more
  let chance = 88_172_645 + revoked.size
  while (revoked.size < wanted) {
    chance = (Math.imul(chance, 1_664_525) + 1_013_904_223) | 0
    revoked.add((chance >>> 0) % count_)
  }
}

/** log2 of the ways in which so many of all can be revoked. */
function floorBytes(all: number, some: number): number {
  const bits = (share: number) => (share === 0 ? 0 : -share * Math.log2(share))
  return (all * (bits(some / all) + bits(1 - some / all))) / 8
}

function lookUpRate(rows: GeneratedRows, { file }: Pick<Before, 'file'>): number {
  const asked = Array.from({ length: 50_000 }, (_, at) => (at * 7919) % rows.count_)
  const serials = asked.map((index) => rows.serial(index))
  const begun = performance.now()
  const answers = serials.map((serial) => statusOf(file, key, serial))
  const seconds = (performance.now() - begun) / 1000
  for (const [at, answer] of answers.entries())
    if (answer !== rows.stateOf(asked[at]!)) throw new Error(`wrong about ${asked[at]}: ${answer}`)
  return asked.length / seconds
}

/** Undefined where there is no compiler. */
function lookUpRateInC(rows: GeneratedRows, { file }: Pick<Before, 'file'>): number | undefined {
  const place = benchDirectory()
  const [path, program] = [join(place, 'bench.vss'), join(place, 'reader')]
  writeFileSync(path, file.bytes)
  const sources = [
    'clients/c/vitalsign_status.c',
    'clients/c/vitalsign_sha256.c',
    'test/support/status-reader.c',
  ]
  if (spawnSync('gcc', ['-std=c99', '-O2', '-o', program, ...sources]).status !== 0)
    return undefined
  const message = Buffer.from(signedMessage(file.signed)).toString('hex')
  const at = Math.floor(file.madeAt.epochMilliseconds / 1000)
  const serial = Buffer.from(rows.serial(1_000)).toString('hex')
  const hex = Buffer.from(key).toString('hex')
  const input = `open ${path} ${at} 0 ${message}\nspeed ${hex} ${serial} 1000000\n`
  const { stdout } = spawnSync(program, { input, encoding: 'utf8' })
  return Number(stdout.split('\n')[1]?.split(' ')[0])
}

if (import.meta.main) {
  const [certificates = '10000000', blockSize = String(usualBlockSize)] = process.argv.slice(2)
  printRows(
    await benchCompact({ certificates: Number(certificates), blockSize: Number(blockSize) }),
  )
}
