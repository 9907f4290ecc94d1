// SPDX-License-Identifier: Apache-2.0
import { parseMcubootVersion } from '#format/firmware/boot/mcuboot.ts'
import { FormatError } from '#format/format-error.ts'
import { parseReleaseManifest } from '#format/release/manifest.ts'
import {
  type ManifestDigest,
  type ManifestKey,
  type ManifestSigning,
  type ManifestSigningLine,
  readSigning,
  signingJson,
  signingWords,
} from '#format/release/manifest-signing.ts'
import { encodeCanonicalJson } from '#format/tlog/canonical-json.ts'
import { artefactFormNames } from '#trust/artefact/form-names.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ArtefactKey, Product, Release, ReleasePart } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { isByDigest, isContent, toBeSignedIn } from './by-digest.ts'
import { artefactKeysOf, keysOfLine, signingStates } from './keys-of-line.ts'
import { isMeant, newestPlan, type PlanLine, parseSigningPlan } from './plan-lines.ts'

type Signing = { readonly kind: 'signing'; readonly signing: ManifestSigning } | Refused

/**
 * How a release would be signed as things are now: the newest plan of its product, with the very keys that it means.
 * Without a plan each form that the product's keys sign in is a line, of which whoever signs chooses.
 */
export async function signingOf(
  release: Release,
  parts: readonly ReleasePart[],
  ledger: Ledger,
): Promise<Signing> {
  const product = await ledger.read('product', release.product)
  if (product === undefined) throw new TypeError(`${release.id} is of no product`)
  const keys = await artefactKeysOf(release, ledger)
  const record = await newestPlan(release.product, ledger)
  const said = parseSigningPlan(record?.lines ?? defaultLines(keys))
  // Of a product without a plan and without keys nothing is signed yet, and that is what is approved.
  if (said.kind === 'refused' && record !== undefined) return said
  const lines: ManifestSigningLine[] = []
  for (const line of said.kind === 'refused'
    ? []
    : said.lines.filter((one) => concerns(one, parts))) {
    const written = checkVersion(line, release)
    if (written !== undefined) return written
    const meant = await lineOf(line, release, product, ledger)
    if (meant.kind === 'refused') return meant
    lines.push(meant.line)
  }
  const bare = keys
    .filter(({ forms, state }) => forms.includes('raw') && signingStates.includes(state))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
  return readable({
    plan: record?.number ?? 0,
    lines,
    bare: await Promise.all(bare.map((key) => named(key, ledger))),
    digests: await digestsOf(parts, keys, ledger),
  })
}

/** Every form that a key signs in, with nothing chosen. */
function defaultLines(keys: readonly ArtefactKey[]): readonly unknown[] {
  const signing = keys.filter(({ state }) => signingStates.includes(state))
  return artefactFormNames
    .filter((form) => signing.some(({ forms }) => forms.includes(form)))
    .map((form) => ({ form }))
}

/** A line is of octets that are here; what stays at the site of the build is signed by its digest. */
function concerns(line: PlanLine, parts: readonly ReleasePart[]): boolean {
  const contents = parts.filter(isContent)
  const here = contents.filter((part) => !isByDigest(part))
  if (here.length === 0) return false
  const meansAbsent = contents.some((part) => isByDigest(part) && isMeant(line, part.name))
  return here.some(({ name }) => isMeant(line, name)) || !meansAbsent
}

async function lineOf(
  line: PlanLine,
  release: Release,
  product: Product,
  ledger: Ledger,
): Promise<{ readonly kind: 'line'; readonly line: ManifestSigningLine } | Refused> {
  const found = await keysOfLine(line, release, product, ledger)
  if (found.kind === 'refused') return found
  const { form, artefacts, of, options, devices, name } = line
  return {
    kind: 'line',
    line: {
      ...{ form, artefacts: artefacts ?? null, of: of ?? null },
      // What is no choice is found out when it is read again.
      options: options as ManifestSigningLine['options'],
      keys: await Promise.all(found.keys.map((key) => named(key, ledger))),
      ...{ devices: devices ?? null, name: name ?? null },
    },
  }
}

async function named({ name, key: id }: ArtefactKey, ledger: Ledger): Promise<ManifestKey> {
  const key = await ledger.read('key', id)
  if (key === undefined) throw new TypeError(`the key of ${name} is gone`)
  return { name, sha256: sha256(key.spki).toHex() }
}

async function digestsOf(
  parts: readonly ReleasePart[],
  keys: readonly ArtefactKey[],
  ledger: Ledger,
): Promise<readonly ManifestDigest[]> {
  const found: ManifestDigest[] = []
  for (const part of parts) {
    const said = part.role === 'artefact' ? toBeSignedIn(part) : undefined
    const key = keys.find(({ id }) => id === said?.key)
    if (said === undefined || key === undefined) continue
    const { of, form, over } = said
    found.push({ artefact: part.name, of, form, over, key: await named(key, ledger) })
  }
  return found.toSorted((one, other) => (one.artefact < other.artefact ? -1 : 1))
}

/** What a payload without a header is told of itself. */
const headers = ['headerSize', 'padHeader', 'loadAddress', 'romFixed', 'nonBootable']

/** An image that gets its header here gets the version of its release, which has to be one that the header can hold. */
function checkVersion(
  { form, options }: PlanLine,
  { firmwareVersion }: Release,
): Refused | undefined {
  const isMade = form === 'mcuboot' && headers.some((name) => name in options)
  if (!isMade || 'version' in options) return undefined
  return refuseMcubootVersion(firmwareVersion)
}

/** Why a version of a release cannot stand in an image of MCUboot, if so. */
export function refuseMcubootVersion(version: string): Refused | undefined {
  try {
    parseMcubootVersion(version)
    return undefined
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse(
      'signing-plan-wrong',
      `an image of MCUboot says its version as 1.2.3 or 1.2.3+4, and the release is ${version}: give it such a version, or choose one in the signing plan (options.version)`,
    )
  }
}

/** As whoever approves it will read it. */
function readable(signing: ManifestSigning): Signing {
  try {
    return { kind: 'signing', signing: readSigning(signingJson(signing)) }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('signing-plan-wrong', `the plan cannot stand in a manifest: ${error.message}`)
  }
}

/** What was put forward; undefined: it is a draft. */
export async function submittedSigning(
  { manifestSha256 }: Pick<Release, 'manifestSha256'>,
  ledger: Ledger,
): Promise<ManifestSigning | undefined> {
  if (manifestSha256 === null) return undefined
  const found = await ledger.find('releaseManifest', 'sha256', [manifestSha256])
  return found && parseReleaseManifest(found.text).signing
}

/**
 * Why a release cannot be signed as it was put forward, if so: the plan or the keys of its product are others by now,
 * and people did not agree to those.
 */
export async function refuseOtherPlan(
  release: Release,
  parts: readonly ReleasePart[],
  ledger: Ledger,
): Promise<Refused | undefined> {
  const before = await submittedSigning(release, ledger)
  if (before === undefined) return undefined
  const now = await signingOf(release, parts, ledger)
  if (now.kind === 'refused')
    return changed(`by now it cannot be carried out (${now.reason}): ${now.detail}`)
  const [was, is] = [before, now.signing].map(({ lines }) => lines.map(lineText))
  const at = (is ?? []).findIndex((text, index) => text !== was?.[index])
  if (at < 0 && was?.length === is?.length) return undefined
  const [old, young] = [before.lines[at], now.signing.lines[at]]
  if (old === undefined || young === undefined)
    return changed(`it has ${is?.length} lines, approved were ${was?.length}`)
  return changed(`line ${at + 1} is ${signingWords(young)}, approved was ${signingWords(old)}`)
}

function changed(what: string): Refused {
  return refuse(
    'signing-plan-changed',
    `the signing plan or its keys are not what the release was submitted with: ${what}; submit it again and have it approved, or bring back the plan`,
  )
}

function lineText(line: ManifestSigningLine): string {
  return encodeCanonicalJson(signingJson({ plan: 0, lines: [line], bare: [], digests: [] }))
}
