// SPDX-License-Identifier: Apache-2.0
/** An update for SWUpdate as it is to be judged: what describes it, what signs that, and the files that it describes. */

import { createHash } from 'node:crypto'
import type { ByteSource } from '#format/archive/byte-source.ts'
import { addToSum, type CpioEntry, readCpio } from '#format/archive/cpio-entries.ts'
import { readExactly } from '#format/archive/fields.ts'
import {
  parseSwDescription,
  type Setting,
  swEntries,
} from '#format/firmware/bundle/sw-description.ts'
import { FormatError } from '#format/format-error.ts'
import { decodeUtf8 } from '#format/utf8.ts'
import { readSpan } from '#trust/artefact/pieces.ts'
import type { ArtefactRefused } from '#trust/artefact/refusal.ts'
import { refuse } from '#trust/refusal.ts'

export const descriptionName = 'sw-description'
export const signatureName = 'sw-description.sig'
const mostDescriptionOctets = 1_048_576

export interface SwUpdate {
  readonly kind: 'update'
  /** The octets that are signed. */
  readonly description: Uint8Array
  readonly describes: CpioEntry
  readonly signature: { readonly entry: CpioEntry; readonly bytes: Uint8Array } | undefined
  readonly files: readonly CpioEntry[]
  /** Where the end mark stands. */
  readonly mark: number
  /** All that the description says. */
  readonly settings: { readonly [name: string]: Setting }
  readonly version: string | undefined
  readonly securityVersion: number | undefined
  /** The digest that the description says of each file. */
  readonly digests: ReadonlyMap<string, string>
}

/**
 * Reads the parts, and holds the description against the names in the container: each file once, none that is not
 * described. No digest and no signature is checked.
 *
 * @throws FormatError
 */
export async function readUpdate(source: ByteSource): Promise<SwUpdate | ArtefactRefused> {
  const { entries, mark } = await readCpio(source)
  const [describes, second] = entries
  if (describes?.name !== descriptionName)
    return refuse(
      'artefact-of-another-form',
      `the first file is ${describes?.name ?? 'none'}, must be ${descriptionName}`,
    )
  const twice = firstTwice(entries)
  if (twice !== undefined)
    return refuse('artefact-field-twice', `${twice.name} stands twice, again at octet ${twice.at}`)
  const signed = second?.name === signatureName ? second : undefined
  if (signed === undefined && entries.some(({ name }) => name === signatureName))
    return refuse('artefact-malformed', `${signatureName} does not follow ${descriptionName}`)
  const description = await whole(source, describes)
  const settings = parseSwDescription(decodeUtf8(description, 'sw-description'))
  const files = entries.slice(signed === undefined ? 1 : 2)
  const digests = digestsIn(settings)
  if ('kind' in digests) return digests
  const no = refuseNames(files, digests)
  if (no !== undefined) return no
  return {
    ...{ kind: 'update', description, describes, files, mark, settings, digests },
    signature: signed && { entry: signed, bytes: await whole(source, signed) },
    ...versionsIn(settings),
  }
}

/** In one pass: nothing of this is signed yet, and it may be thousands. */
function firstTwice(entries: readonly CpioEntry[]): CpioEntry | undefined {
  const names = new Set<string>()
  return entries.find(({ name }) => names.size === names.add(name).size)
}

async function whole(source: ByteSource, { name, start, size }: CpioEntry): Promise<Uint8Array> {
  if (size > mostDescriptionOctets)
    throw new FormatError('too-large', start, `${name} has ${size} octets`)
  return (await readExactly(source, start, size)).slice()
}

function digestsIn(settings: Setting): ReadonlyMap<string, string> | ArtefactRefused {
  const digests = new Map<string, string>()
  for (const { filename, sha256 } of swEntries(settings)) {
    if (sha256 === undefined || !/^[0-9a-fA-F]{64}$/.test(sha256))
      return refuse(
        'artefact-not-covered',
        `${descriptionName} has no sha256 of ${filename}: nothing would check it`,
      )
    const lower = sha256.toLowerCase()
    const known = digests.get(filename) ?? lower
    if (known !== lower)
      return refuse('artefact-field-twice', `${descriptionName} has two digests of ${filename}`)
    digests.set(filename, lower)
  }
  return digests
}

function refuseNames(
  files: readonly CpioEntry[],
  digests: ReadonlyMap<string, string>,
): ArtefactRefused | undefined {
  const stranger = files.find(({ name }) => !digests.has(name))
  if (stranger !== undefined)
    return refuse('artefact-not-covered', `${descriptionName} does not describe ${stranger.name}`)
  const names = new Set(files.map(({ name }) => name))
  const missing = [...digests.keys()].find((name) => !names.has(name))
  return missing === undefined
    ? undefined
    : refuse('artefact-malformed', `${descriptionName} describes ${missing}, which is not there`)
}

function versionsIn(settings: { readonly [name: string]: Setting }) {
  const software = settings['software']
  const version = inGroup(software, 'version')
  const security = inGroup(inGroup(software, 'vitalsign'), 'security-version')
  if (
    security !== undefined &&
    (typeof security !== 'number' || !Number.isSafeInteger(security) || security < 0)
  )
    throw new FormatError('value-not-allowed', 0, 'security-version of vitalsign')
  return {
    version: typeof version === 'string' ? version : undefined,
    securityVersion: security,
  }
}

function inGroup(setting: Setting | undefined, name: string): Setting | undefined {
  if (typeof setting !== 'object' || Array.isArray(setting)) return undefined
  return Object.entries(setting).find(([one]) => one === name)?.[1]
}

/** Every octet of every file: its digest, and the sum where the cpio bears one. */
export async function refuseFiles(
  source: ByteSource,
  { describes, signature, files, digests }: SwUpdate,
): Promise<ArtefactRefused | undefined> {
  const all = [describes, ...(signature === undefined ? [] : [signature.entry]), ...files]
  for (const { name, start, size, sum } of all) {
    const hash = createHash('sha256')
    let summed = 0
    for await (const chunk of readSpan(source, start, size)) {
      hash.update(chunk)
      if (sum !== undefined) summed = addToSum(summed, chunk)
    }
    if (sum !== undefined && sum !== summed)
      return refuse('artefact-digest-wrong', `the checksum of ${name} is not that of its header`)
    const expected = digests.get(name)
    if (expected !== undefined && hash.digest('hex') !== expected)
      return refuse('artefact-digest-wrong', `${name} is not what ${descriptionName} says`)
  }
  return undefined
}
