// SPDX-License-Identifier: Apache-2.0
/**
 * Boot images signed and checked, beside hashing the same octets and one bare signature; and what one of gigabytes
 * takes of memory.
 *
 *     node bench/boot-artefacts.ts [--kilobytes 1000] [--count 100] [--rounds 3] [--gigabytes 2]
 */
import { hash, sign, verify } from 'node:crypto'
import { parseArgs } from 'node:util'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { signAsAsked } from '#edge/keystore/sign-as-asked.ts'
import { type ByteSource, memorySource } from '#format/archive/byte-source.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import { espForm } from '#trust/artefact/esp-secure-boot-v2/esp.ts'
import { filled } from '#trust/artefact/filled.ts'
import type { ArtefactForm } from '#trust/artefact/form.ts'
import { joined } from '#trust/artefact/joined.ts'
import { mcubootForm } from '#trust/artefact/mcuboot/mcuboot.ts'
import { readPieces } from '#trust/artefact/pieces.ts'
import { fitForm } from '#trust/artefact/uboot-fit/fit.ts'
import { paddingFor } from '#trust/signature.ts'
import { espApplication } from '../test/support/artefacts/esp-corruptions.ts'
import { changeNode, devicetree, fitImage, plainFit } from '../test/support/artefacts/fit.ts'
import { signed, signerOf, type TestSigner, trustIn } from '../test/support/artefacts/signed.ts'
import { meter } from './tools/meter.ts'
import { median, type Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

export interface BootArtefactsOptions {
  /** Of each image. */
  readonly kilobytes: number
  /** Images in a round. */
  readonly count: number
  readonly rounds: number
  /** Of the one large image. */
  readonly gigabytes: number
}

interface Case {
  // biome-ignore lint/suspicious/noExplicitAny: each form has choices of its own
  readonly form: ArtefactForm<any>
  readonly image: Uint8Array
  readonly choices: object
  readonly signer: TestSigner
}

export async function benchBootArtefacts(options: BootArtefactsOptions): Promise<Row[]> {
  // First, while nothing else was ever in memory.
  const rows: Row[] = [await large(options.gigabytes)]
  for (const one of await cases(options.kilobytes * 1_000))
    rows.push(...(await measure(one, options)))
  return rows
}

async function cases(octets: number): Promise<readonly Case[]> {
  const payload = systemRandomness.bytes(octets)
  const [p256, rsa] = [await signerOf('p-256'), await signerOf('rsa-3072')]
  const ed25519 = await signerOf('ed25519')
  const pss: TestSigner = { ...rsa, algorithm: 'rsa-pss-sha256' }
  const header = { version: '1.2.3', padHeader: true, headerSize: 512, securityCounter: '5' }
  const tree = changeNode(plainFit(), '/images', (node) => ({
    ...node,
    children: [fitImage('kernel-1', payload), ...(node.children ?? []).slice(1)],
  }))
  const mcuboot = { form: mcubootForm, image: payload, choices: header }
  return [
    { ...mcuboot, signer: p256 },
    { ...mcuboot, signer: ed25519 },
    { ...mcuboot, signer: pss },
    { form: espForm, image: espApplication(payload), choices: {}, signer: pss },
    { form: fitForm, image: devicetree(tree), choices: {}, signer: rsa },
  ]
}

async function measure(one: Case, { count, rounds }: BootArtefactsOptions): Promise<Row[]> {
  const { form, image, choices, signer } = one
  const made = await signed(form, image, choices, [signer])
  const signature = bareSignature(signer, image)
  const trust = trustIn([signer])
  const taken = {
    sign: [] as number[],
    bare: [] as number[],
    verify: [] as number[],
    check: [] as number[],
  }
  for (let round = 0; round < rounds; round++) {
    taken.bare.push(await rate(count, async () => bareSignature(signer, image)))
    taken.sign.push(await rate(count, () => drain(one)))
    taken.check.push(await rate(count, async () => bareCheck(signer, image, signature)))
    taken.verify.push(
      await rate(count, async () => {
        const verdict = await form.verify(memorySource(made), trust)
        if (verdict.kind === 'refused') throw new Error(verdict.detail)
      }),
    )
  }
  const what = `${form.name}, ${signer.publicKey.algorithm}`
  const note = `image of ${Math.round(image.length / 1_000)} kB in memory, one after the other`
  return [
    {
      ...{ name: `${what}: signed`, value: Math.round(median(taken.sign)), unit: '/s', note },
      limit: { name: 'SHA and a bare signature', value: Math.round(median(taken.bare)) },
    },
    {
      ...{ name: `${what}: checked`, value: Math.round(median(taken.verify)), unit: '/s', note },
      limit: { name: 'SHA and a bare check', value: Math.round(median(taken.check)) },
    },
  ]
}

async function rate(count: number, work: () => Promise<unknown>): Promise<number> {
  const { seconds } = await meter(async () => {
    for (let index = 0; index < count; index++) await work()
  })
  return count / seconds
}

/** Planned, signed, laid out, and every octet read once. */
async function drain({ form, image, choices, signer }: Case): Promise<void> {
  const plan = await form.plan(memorySource(image), choices, [signer])
  if (plan.kind === 'refused') throw new Error(plan.detail)
  const { algorithm } = signer
  const signatures = await Promise.all(
    plan.wanted.map(({ over, bytes }) =>
      signAsAsked(signer.pair, bytes, { algorithm, over }, systemRandomness),
    ),
  )
  for await (const _ of readPieces(await plan.finish(signatures)));
}

/** Of Ed25519 over the digest, as MCUboot has it. */
function bareSignature({ pair, algorithm }: TestSigner, image: Uint8Array): Uint8Array {
  const row = signatureAlgorithms[algorithm]
  const message = row.digest === null ? hash('sha256', image, 'buffer') : image
  return sign(row.digest, message, {
    key: pair.privateKey,
    ...paddingFor(row, pair.publicKey.bits),
  })
}

function bareCheck(
  { pair, algorithm }: TestSigner,
  image: Uint8Array,
  signature: Uint8Array,
): void {
  const row = signatureAlgorithms[algorithm]
  const message = row.digest === null ? hash('sha256', image, 'buffer') : image
  const key = { key: pair.publicKey.keyObject, ...paddingFor(row, pair.publicKey.bits) }
  if (!verify(row.digest, message, key, signature))
    throw new Error('a signature that does not hold')
}

/** Signed and checked without being anywhere: the payload is one octet, so many times. */
async function large(gigabytes: number): Promise<Row> {
  const signer = await signerOf('p-256')
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
    const choices = { version: '1.0.0', padHeader: true }
    const plan = await mcubootForm.plan(source, choices, [signer])
    if (plan.kind === 'refused') throw new Error(plan.detail)
    const { bytes, over } = plan.wanted[0]!
    const { algorithm } = signer
    const one = await signAsAsked(signer.pair, bytes, { algorithm, over }, systemRandomness)
    const verdict = await mcubootForm.verify(joined(await plan.finish([one])), trustIn([signer]))
    if (verdict.kind === 'refused') throw new Error(verdict.detail)
  })
  return {
    ...{
      name: `MCUboot image of ${gigabytes} GB: memory`,
      value: Math.round(most / 1e6),
      unit: 'MB',
    },
    note: `RSS at most, signed and checked in ${seconds.toFixed(1)} s`,
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      kilobytes: { type: 'string', default: '1000' },
      count: { type: 'string', default: '100' },
      rounds: { type: 'string', default: '3' },
      gigabytes: { type: 'string', default: '2' },
    },
  })
  const numbers = Object.entries(values).map(([name, value]) => [name, Number(value)] as const)
  const { kilobytes = 0, count = 0, rounds = 0, gigabytes = 0 } = Object.fromEntries(numbers)
  printRows(await benchBootArtefacts({ kilobytes, count, rounds, gigabytes }))
}
