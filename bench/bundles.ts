// SPDX-License-Identifier: Apache-2.0
/**
 * Bundles for RAUC, SWUpdate and Mender: how many are signed in a second beside the bare signature, and what a large one
 * takes, which is read, signed, given out and verified without being held: `node bench/bundles.ts [MEGABYTES]`.
 */
import { sign as signBytes } from 'node:crypto'
import { archiveTools } from '#edge/images/tools.ts'
import { type ByteSource, memorySource } from '#format/archive/byte-source.ts'
import type { PlacedOctets } from '#format/archive/squashfs-writer.ts'
import { parseKeyFile } from '#format/firmware/bundle/key-file.ts'
import type { Piece } from '#trust/artefact/form.ts'
import { type AnyForm, artefactForms } from '#trust/artefact/forms.ts'
import { buildMender } from '#trust/artefact/mender/build.ts'
import { readPieces, sizeOf } from '#trust/artefact/pieces.ts'
import { buildRauc } from '#trust/artefact/rauc/build.ts'
import { buildSwupdate } from '#trust/artefact/swupdate/build.ts'
import { madeNow } from '../test/made-certificates.ts'
import {
  type MadeSigner,
  type SigningHouse,
  signAll,
  signingHouse,
} from '../test/support/signers.ts'
import { median, type Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

export interface BundleWords {
  readonly megabytes: number
  readonly rounds: number
}

const forms = artefactForms(archiveTools())
const names = ['mender', 'swupdate', 'rauc'] as const
type Name = (typeof names)[number]

export async function benchBundles({ rounds }: BundleWords): Promise<Row[]> {
  const signer = await (await signingHouse()).signer()
  const rows: Row[] = []
  for (const name of names) rows.push(await rateOf(name, signer, rounds))
  return rows
}

/** In a process of its own: what else it did would count as memory of this. */
export async function benchLargeBundles({ megabytes }: BundleWords): Promise<Row[]> {
  const house = await signingHouse()
  const signer = await house.signer()
  const rows: Row[] = []
  for (const name of names) rows.push(await largeOf(name, house, signer, megabytes * 1_048_576))
  return rows
}

/** Small bundles: what a form costs beside its signature. */
async function rateOf(name: Name, signer: MadeSigner, rounds: number): Promise<Row> {
  const [form, source] = [formOf(name), await containerOf(name, noise(65_536))]
  const one = signerFor(name, signer)
  const [bare, whole]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    bare.push(await perSecond(500, async () => void signBytes('sha256', message, one.privateKey)))
    whole.push(
      await perSecond(100, async () => {
        const plan = await form.plan(source, {}, [one])
        if (plan.kind === 'refused') throw new Error(plan.detail)
        await plan.finish(signAll(plan.wanted, [one]))
      }),
    )
  }
  return {
    ...{ name: `${name}: bundles signed`, value: Math.round(median(whole)), unit: '1/s' },
    limit: { name: 'bare P-256 signature', value: Math.round(median(bare)) },
    note: 'an image of 64 KiB, each octet of it checked before',
  }
}

/** One that is much larger than the memory that it may take. */
async function largeOf(
  name: Name,
  house: SigningHouse,
  signer: MadeSigner,
  octets: number,
): Promise<Row> {
  const form = formOf(name)
  const source = await containerOf(name, noise(octets))
  const one = signerFor(name, signer)
  const began = performance.now()
  const plan = await form.plan(source, {}, [one])
  if (plan.kind === 'refused') throw new Error(plan.detail)
  const pieces = await plan.finish(signAll(plan.wanted, [one]))
  const planned = performance.now()
  for await (const chunk of readPieces(pieces)) void chunk
  const given = performance.now()
  const trust = house.trust({ now: madeNow, keys: [one.publicKey] })
  const verdict = await form.verify(piecesSource(pieces), trust)
  if (verdict.kind === 'refused') throw new Error(verdict.detail)
  const verified = performance.now()
  const seconds = (from: number, to: number) => ((to - from) / 1_000).toFixed(1)
  return {
    name: `${name}: memory for ${Math.round(octets / 1_048_576)} MiB`,
    ...{ value: Math.round(process.resourceUsage().maxRSS / 1_024), unit: 'MiB' },
    note: `signed in ${seconds(began, planned)} s, given out in ${seconds(planned, given)} s, verified in ${seconds(given, verified)} s; the most that this process ever had`,
  }
}

const message = new Uint8Array(100).fill(7)

function formOf(name: Name): AnyForm {
  const form = forms[name]
  if (form === undefined) throw new Error(`no form ${name}`)
  return form
}

function signerFor(name: Name, signer: MadeSigner): MadeSigner {
  return name === 'mender' ? { ...signer, chain: [] } : signer
}

/** What a source gives is its reader's until it asks again: the same memory each time, as from a file that is read. */
class Given {
  #octets = new Uint8Array()

  take(length: number): Uint8Array {
    if (this.#octets.length < length) this.#octets = new Uint8Array(length)
    return this.#octets.subarray(0, length)
  }
}

/** Octets that do not pack, as long as wanted, of a megabyte again and again. */
function noise(size: number): ByteSource & { readonly size: number } {
  const block = Uint8Array.from(
    { length: 1_048_576 },
    (_, at) => (Math.imul(at, 2_654_435_761) >>> 13) & 0xff,
  )
  const given = new Given()
  return {
    size,
    async read(at, length) {
      const wanted = given.take(Math.max(0, Math.min(length, size - at)))
      for (let done = 0; done < wanted.length; ) {
        const from = (at + done) % block.length
        const part = block.subarray(from, from + wanted.length - done)
        wanted.set(part, done)
        done += part.length
      }
      return wanted
    },
  }
}

/** A container around the image, of which only what is not the image is in memory. */
async function containerOf(
  name: Name,
  image: ByteSource & { readonly size: number },
): Promise<ByteSource> {
  if (name === 'swupdate') {
    const description = 'software = { version = "1"; images: ( { filename = "image"; } ); }'
    const made = await buildSwupdate({ description, files: [{ name: 'image', content: image }] })
    if (made.kind === 'refused') throw new Error(made.detail)
    return piecesSource(made.pieces)
  }
  const made =
    name === 'rauc'
      ? await buildRauc({
          groups: parseKeyFile('[update]\ncompatible=x\n[image.rootfs]\nfilename=image\n'),
          entries: [{ kind: 'file', name: 'image', content: image, executable: false }],
          modifiedAt: 0,
        })
      : await buildMender({
          ...{ artifactName: 'x', deviceTypes: ['x'], payloadType: 'rootfs-image' },
          files: [{ name: 'image', content: image }],
        })
  if (made.kind === 'refused') throw new Error(made.detail)
  return piecesSource(await withoutImage(made.octets, image))
}

/** What is written, with the image itself as a span of its source. */
async function withoutImage(
  octets: AsyncIterable<PlacedOctets>,
  image: ByteSource & { readonly size: number },
): Promise<readonly Piece[]> {
  const rest: PlacedOctets[] = []
  let [begins, seen] = [-1, 0]
  for await (const { at, bytes } of octets) {
    if (bytes.length >= 65_536 && seen < image.size) {
      if (begins < 0) begins = at
      seen += bytes.length
    } else rest.push({ at, bytes: bytes.slice() })
  }
  const content = memorySource(new Uint8Array())
  const sorted = [...rest, { at: begins, bytes: content }].sort((one, other) => one.at - other.at)
  return sorted.map((one) =>
    one.bytes instanceof Uint8Array ? one.bytes : { source: image, from: 0, length: image.size },
  )
}

/** Pieces as a source: any place of them, from wherever it lies. */
function piecesSource(pieces: readonly Piece[]): ByteSource {
  const size = sizeOf(pieces)
  const given = new Given()
  return {
    size,
    async read(at, length) {
      const wanted = given.take(Math.max(0, Math.min(length, size - at)))
      let start = 0
      for (const piece of pieces) {
        const from = Math.max(at, start)
        const to = Math.min(at + wanted.length, start + piece.length)
        if (from < to) wanted.set(await partOf(piece, from - start, to - from), from - at)
        start += piece.length
      }
      return wanted
    },
  }
}

async function partOf(piece: Piece, from: number, length: number): Promise<Uint8Array> {
  if (piece instanceof Uint8Array) return piece.subarray(from, from + length)
  return piece.source.read(piece.from + from, length)
}

async function perSecond(count: number, act: () => Promise<void>): Promise<number> {
  const began = performance.now()
  for (let index = 0; index < count; index++) await act()
  return (count * 1_000) / (performance.now() - began)
}

if (import.meta.main) {
  const words = { megabytes: Number(process.argv[2] ?? 2_048), rounds: 3 }
  printRows([...(await benchLargeBundles(words)), ...(await benchBundles(words))])
}
