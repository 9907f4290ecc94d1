// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { type CpioEntry, readCpio } from '#format/archive/cpio-entries.ts'
import { readExactly } from '#format/archive/fields.ts'
import { parseSignedData } from '#format/cms/signed-data.ts'
import { FormatError } from '#format/format-error.ts'
import type { Anatomy, AnatomyPart } from '#trust/artefact/form.ts'
import { knownSize } from '#trust/artefact/pieces.ts'
import { cmsAnatomy } from '#trust/cms/anatomy.ts'
import { descriptionName, readUpdate, type SwUpdate, signatureName } from './read-update.ts'
import { isCms } from './verify.ts'

/** @throws FormatError if it is no cpio that SWUpdate takes */
export async function inspectSwupdate(source: ByteSource): Promise<Anatomy> {
  const { entries, mark } = await readCpio(source)
  const update = await readable(source)
  const parts: AnatomyPart[] = []
  for (const entry of entries) parts.push(...(await partsOf(source, entry, update)))
  const end = knownSize(source) - mark
  parts.push({ name: 'end', offset: mark, octets: end, what: 'end mark and padding', facts: [] })
  return { title: titleOf(update), parts }
}

async function readable(source: ByteSource): Promise<SwUpdate | string> {
  try {
    const update = await readUpdate(source)
    return update.kind === 'update' ? update : update.detail
  } catch (error) {
    if (error instanceof FormatError) return error.message
    throw error
  }
}

function titleOf(update: SwUpdate | string): string {
  if (typeof update === 'string') return `update for SWUpdate that is wrong: ${update}`
  const version = update.version === undefined ? '' : `, version ${update.version}`
  return `update for SWUpdate${version}${update.signature === undefined ? ', not signed' : ''}`
}

async function partsOf(
  source: ByteSource,
  { name, at, start, size, end, sum }: CpioEntry,
  update: SwUpdate | string,
): Promise<readonly AnatomyPart[]> {
  const common = { name, offset: at, octets: end - at }
  const facts: readonly (readonly [string, string])[] = [
    ['content', `${size} octets from ${start}`],
    ...(sum === undefined ? [] : [['checksum', sum.toString(16)] as const]),
  ]
  if (name === descriptionName)
    return [{ ...common, what: 'what is signed: describes the other files', facts }]
  if (name === signatureName)
    return signatureParts(await readExactly(source, start, size), common, facts)
  const digest = typeof update === 'string' ? undefined : update.digests.get(name)
  const what = digest === undefined ? 'described nowhere' : 'described, with its digest'
  return [{ ...common, what, facts: digest === undefined ? facts : [...facts, ['sha256', digest]] }]
}

function signatureParts(
  bytes: Uint8Array,
  common: Pick<AnatomyPart, 'name' | 'offset' | 'octets'>,
  facts: AnatomyPart['facts'],
): readonly AnatomyPart[] {
  if (!isCms(bytes))
    return [
      { ...common, what: `a raw signature of ${bytes.length * 8} bits over sw-description`, facts },
    ]
  try {
    const [message, ...signers] = cmsAnatomy(
      parseSignedData(bytes.slice(), { order: 'any' }),
      common.offset ?? 0,
      bytes.length,
    )
    return [{ ...common, what: `CMS: ${message?.what}`, facts }, ...signers]
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return [{ ...common, what: `a CMS that does not read: ${error.message}`, facts }]
  }
}
