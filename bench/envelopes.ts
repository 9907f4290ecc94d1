// SPDX-License-Identifier: Apache-2.0
/**
 * Signatures that stand beside files: outer manifests, SUIT, CMS, bare ones; made from a digest alone, beside the bare
 * signatures that are in them; and what LMS costs who checks it.
 *
 *     node bench/envelopes.ts [--count 300] [--rounds 3] [--gigabytes 2]
 */
import { sign, verify } from 'node:crypto'
import { parseArgs } from 'node:util'
import { type ByteSource, memorySource } from '#format/archive/byte-source.ts'
import { parseHssSignature } from '#format/lms/hss.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import { filled } from '#trust/artefact/filled.ts'
import type { ArtefactForm } from '#trust/artefact/form.ts'
import { joined } from '#trust/artefact/joined.ts'
import { outerManifestForm } from '#trust/artefact/outer-manifest/form.ts'
import { rawForm } from '#trust/artefact/raw/form.ts'
import { suitForm } from '#trust/artefact/suit/form.ts'
import { readHssKey } from '#trust/lms/hss-key.ts'
import { hashing, verifyHss } from '#trust/lms/verify-hss.ts'
import {
  signatures,
  signed,
  signerOf,
  type TestSigner,
  trustIn,
} from '../test/support/artefacts/signed.ts'
import { formatVectors } from '../test/vectors/vector.ts'
import { meter } from './tools/meter.ts'
import { median, type Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

export interface EnvelopesOptions {
  /** Signatures in a round. */
  readonly count: number
  readonly rounds: number
  /** Of the one large file. */
  readonly gigabytes: number
}

interface Case {
  // biome-ignore lint/suspicious/noExplicitAny: each form has choices of its own
  readonly form: ArtefactForm<any>
  readonly choices: object
  readonly signers: readonly TestSigner[]
}

const empty = memorySource(new Uint8Array())
const digest = '5a'.repeat(32)

export async function benchEnvelopes(options: EnvelopesOptions): Promise<Row[]> {
  // First, while nothing else was ever in memory.
  const rows: Row[] = [await large(options.gigabytes)]
  for (const one of await cases()) rows.push(...(await measure(one, options)))
  return [...rows, await lms(options)]
}

/** Each knows the digest of the file, and nothing else of it. */
async function cases(): Promise<readonly Case[]> {
  const p256 = await signerOf('p-256')
  const [mlDsa65, mlDsa87] = [await signerOf('ml-dsa-65'), await signerOf('ml-dsa-87')]
  const outer = {
    ...{ product: 'pump', version: '1.2.3', securityVersion: 5, environment: 'production' },
    ...{ kind: 'security', madeAt: 1_795_000_000, files: [`pump.bin:1000000:${digest}`] },
  }
  const suit = {
    ...{ sequenceNumber: 5, vendor: 'example.com', class: 'pump', uri: 'https://example.com/pump' },
    ...{ payloadSha256: digest, payloadOctets: 1_000_000 },
  }
  return [
    { form: outerManifestForm, choices: outer, signers: [p256, mlDsa65] },
    { form: outerManifestForm, choices: outer, signers: [p256, mlDsa87] },
    { form: suitForm, choices: suit, signers: [p256] },
    { form: suitForm, choices: suit, signers: [mlDsa65] },
    { form: rawForm, choices: { digest }, signers: [p256] },
  ]
}

async function measure(one: Case, { count, rounds }: EnvelopesOptions): Promise<Row[]> {
  const { form, choices, signers } = one
  const message = new Uint8Array(340).fill(0x5a)
  const bare = signers.map((signer) => bareSignature(signer, message))
  const made = await signed(form, new Uint8Array(), choices, signers)
  const trust = trustIn(signers)
  const taken = {
    ...{
      sign: [] as number[],
      bare: [] as number[],
      verify: [] as number[],
      check: [] as number[],
    },
  }
  for (let round = 0; round < rounds; round++) {
    taken.bare.push(
      await rate(count, async () => signers.map((signer) => bareSignature(signer, message))),
    )
    taken.sign.push(
      await rate(count, async () => {
        const plan = await form.plan(empty, choices, signers)
        if (plan.kind === 'refused') throw new Error(plan.detail)
        await plan.finish(await signatures(plan, signers))
      }),
    )
    if (form === rawForm) continue
    taken.check.push(
      await rate(count, async () => {
        for (const [index, signer] of signers.entries()) bareCheck(signer, message, bare[index]!)
      }),
    )
    taken.verify.push(
      await rate(count, async () => {
        const verdict = await form.verify(memorySource(made), trust)
        if (verdict.kind === 'refused') throw new Error(verdict.detail)
      }),
    )
  }
  const what = `${form.name}, ${signers.map(({ publicKey }) => publicKey.algorithm).join(' and ')}`
  const note = `${made.length} octets, from a digest, one after the other`
  const row = (name: string, value: readonly number[], limit: readonly number[]): Row => ({
    ...{ name: `${what}: ${name}`, value: Math.round(median(value)), unit: '/s', note },
    limit: { name: 'the bare signatures', value: Math.round(median(limit)) },
  })
  return [
    row('signed', taken.sign, taken.bare),
    ...(form === rawForm ? [] : [row('checked', taken.verify, taken.check)]),
  ]
}

async function rate(count: number, work: () => Promise<unknown>): Promise<number> {
  const { seconds } = await meter(async () => {
    for (let index = 0; index < count; index++) await work()
  })
  return count / seconds
}

function bareSignature({ pair, algorithm }: TestSigner, message: Uint8Array): Uint8Array {
  return sign(signatureAlgorithms[algorithm].digest, message, pair.privateKey)
}

function bareCheck({ pair, algorithm }: TestSigner, message: Uint8Array, made: Uint8Array): void {
  const { digest: name } = signatureAlgorithms[algorithm]
  if (!verify(name, message, pair.publicKey.keyObject, made))
    throw new Error('a signature that does not hold')
}

/** Two levels of SHA-256, height 5, chains of eight bits: RFC 8554 appendix F, case 1. */
async function lms({ rounds }: EnvelopesOptions): Promise<Row> {
  const vector = (name: string) => formatVectors.find((one) => one.name === name)!.bytes
  const key = readHssKey(vector('rfc8554-f1-public-key'))
  const bytes = vector('rfc8554-f1-signature')
  const rates: number[] = []
  const check = () => verifyHss(key, parseHssSignature(bytes), hashing([bytes]))
  for (let round = 0; round < rounds; round++) rates.push(await rate(20, check))
  return {
    ...{ name: 'HSS of two levels, W8: checked', value: Math.round(median(rates)), unit: '/s' },
    note: `signature of ${bytes.length} octets, over some other octets`,
  }
}

/** An image that is in the envelope and is never in memory. */
async function large(gigabytes: number): Promise<Row> {
  const signers = [await signerOf('p-256'), await signerOf('ml-dsa-65')]
  let most = 0
  const octets = filled(0x5a, gigabytes * 1_000_000_000)
  const source: ByteSource = {
    size: octets.size,
    read(at, length) {
      // No timer gets its turn between reads that wait for nothing.
      most = Math.max(most, process.memoryUsage.rss())
      return octets.read(at, length)
    },
  }
  const { seconds } = await meter(async () => {
    const choices = {
      ...{ product: 'pump', version: '1.2.3', securityVersion: 5, environment: 'production' },
      ...{ kind: 'security', madeAt: 1_795_000_000, name: 'pump.bin' },
    }
    const plan = await outerManifestForm.plan(source, choices, signers)
    if (plan.kind === 'refused') throw new Error(plan.detail)
    const made = joined(await plan.finish(await signatures(plan, signers)))
    const verdict = await outerManifestForm.verify(made, trustIn(signers), source)
    if (verdict.kind === 'refused') throw new Error(verdict.detail)
  })
  return {
    ...{ name: `outer manifest of ${gigabytes} GB: memory`, value: Math.round(most / 1e6) },
    ...{ unit: 'MB', note: `RSS at most, signed and checked in ${seconds.toFixed(1)} s` },
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '300' },
      rounds: { type: 'string', default: '3' },
      gigabytes: { type: 'string', default: '2' },
    },
  })
  const { count, rounds, gigabytes } = values
  printRows(
    await benchEnvelopes({
      ...{ count: Number(count), rounds: Number(rounds), gigabytes: Number(gigabytes) },
    }),
  )
}
