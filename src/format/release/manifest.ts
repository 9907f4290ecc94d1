// SPDX-License-Identifier: Apache-2.0
/**
 * What a release is, octet by octet: the document whose digest people approve, and from which it is signed.
 *
 * Canonical JSON (RFC 8785) without a line feed, so that there is one text of one release; whoever has it and the
 * artefacts can check all of it without us. Nothing in it is looked up here.
 */
import { FormatError } from '../format-error.ts'
import {
  encodeCanonicalJson,
  hasMembers,
  isArray,
  type Json,
  parseCanonicalJson,
} from '../tlog/canonical-json.ts'

export const releaseManifestFormat = 1

export const releaseKinds = ['security', 'feature', 'configuration'] as const
export type ReleaseKind = (typeof releaseKinds)[number]

export const releaseEnvironments = ['trial', 'test', 'production'] as const
export type ReleaseEnvironment = (typeof releaseEnvironments)[number]

/** What is attached as a document of its own and read here. */
export const attachmentRoles = ['provenance', 'sbom', 'vex'] as const
export type AttachmentRole = (typeof attachmentRoles)[number]

export const testOutcomes = ['passed', 'failed'] as const
export type TestOutcome = (typeof testOutcomes)[number]

export const scanResults = ['clean', 'found', 'part'] as const

export interface ReleaseManifest {
  /** `rel_…`: an approval of one release is none of another. */
  readonly release: string
  readonly product: { readonly id: string; readonly name: string }
  readonly version: string
  /** From 0; devices that keep a counter take nothing lower. At most 32 bits, which is what bootloaders have. */
  readonly securityVersion: number
  readonly kind: ReleaseKind
  readonly channel: string
  readonly environment: ReleaseEnvironment
  /** Until when devices that run it are to be able to check it; RFC 3339, UTC, whole seconds. */
  readonly supportUntil: string | null
  /** Counts every change of content or attachment, from 1. */
  readonly revision: number
  /** Sorted by name; at least one. */
  readonly artefacts: readonly ManifestFile[]
  /** Sorted by role, then name. */
  readonly attachments: readonly (ManifestFile & { readonly role: AttachmentRole })[]
  /** Sorted by name. */
  readonly tests: readonly ManifestTest[]
  /** Sorted by the digest of what was scanned, one each. */
  readonly scans: readonly ManifestScan[]
}

export interface ManifestFile {
  readonly name: string
  readonly octets: number
  /** 64 hexadecimal digits. */
  readonly sha256: string
}

/** A test report that is kept elsewhere. */
export interface ManifestTest {
  readonly name: string
  readonly uri: string
  readonly sha256: string
  readonly outcome: TestOutcome
}

export interface ManifestScan {
  /** `scn_…` */
  readonly id: string
  /** Of what was scanned. */
  readonly sha256: string
  /** The version of the rules that looked. */
  readonly rules: string
  readonly result: (typeof scanResults)[number]
}

/** A release of 64 images and a thousand test reports has half of it. */
export const mostManifestBytes = 1_048_576
export const mostArtefacts = 64
export const mostAttachments = 256
export const mostTests = 1_000
export const highestSecurityVersion = 0xffff_ffff

/** A name that every file system and every container of firmware can hold. */
export const fileNameForm = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/
/** One line without anything that a terminal obeys. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it keeps out
export const lineForm = /^[^\u0000-\u001f\u007f-\u009f]{1,200}$/

/**
 * The one text of a release; the order of its lists is made here.
 *
 * @throws FormatError for what `parseReleaseManifest` would refuse
 */
export function encodeReleaseManifest(manifest: ReleaseManifest): Uint8Array {
  const { release, product, version, securityVersion, kind, channel, environment } = manifest
  const text = encodeCanonicalJson({
    format: releaseManifestFormat,
    ...{ release, product: { id: product.id, name: product.name } },
    ...{ version, securityVersion, kind, channel, environment },
    ...{ supportUntil: manifest.supportUntil, revision: manifest.revision },
    artefacts: sorted(manifest.artefacts, ({ name }) => name).map(file),
    attachments: sorted(manifest.attachments, ({ role, name }) => `${role}/${name}`).map((one) => ({
      ...file(one),
      role: one.role,
    })),
    tests: sorted(manifest.tests, ({ name }) => name).map(({ name, uri, sha256, outcome }) => ({
      ...{ name, uri, sha256, outcome },
    })),
    scans: sorted(manifest.scans, ({ sha256 }) => sha256).map(({ id, sha256, rules, result }) => ({
      ...{ id, sha256, rules, result },
    })),
  })
  const bytes = new TextEncoder().encode(text)
  // What cannot be read again is not written.
  parseReleaseManifest(bytes)
  return bytes
}

/** @throws FormatError for anything but what `encodeReleaseManifest` writes, byte for byte */
export function parseReleaseManifest(bytes: Uint8Array): ReleaseManifest {
  if (bytes.length > mostManifestBytes) throw new FormatError('too-large', mostManifestBytes)
  const json = parseCanonicalJson(textOf(bytes))
  if (!hasMembers(json, members)) throw malformed('members')
  if (json.format !== releaseManifestFormat)
    throw new FormatError('version-unknown', 0, `only format ${releaseManifestFormat} is known`)
  const { product } = json
  if (!hasMembers(product, ['id', 'name'])) throw malformed('product')
  return {
    release: matching(json.release, 'release', /^rel_[0-9a-f]{32}$/),
    product: {
      id: matching(product.id, 'product id', /^prd_[0-9a-f]{32}$/),
      name: matching(product.name, 'product name', lineForm),
    },
    version: matching(json.version, 'version', lineForm),
    securityVersion: whole(json.securityVersion, 'security version', 0, highestSecurityVersion),
    kind: oneOf(json.kind, 'kind', releaseKinds),
    channel: matching(json.channel, 'channel', lineForm),
    environment: oneOf(json.environment, 'environment', releaseEnvironments),
    supportUntil: json.supportUntil === null ? null : instant(json.supportUntil),
    revision: whole(json.revision, 'revision', 1),
    artefacts: list(json.artefacts, 'artefacts', 1, mostArtefacts, readFile, ({ name }) => name),
    attachments: list(
      ...([json.attachments, 'attachments', 0, mostAttachments] as const),
      readAttachment,
      ({ role, name }) => `${role}/${name}`,
    ),
    tests: list(json.tests, 'tests', 0, mostTests, readTest, ({ name }) => name),
    scans: list(json.scans, 'scans', 0, mostArtefacts, readScan, ({ sha256 }) => sha256),
  }
}

const members = [
  ...(['artefacts', 'attachments', 'channel', 'environment', 'format', 'kind'] as const),
  ...(['product', 'release', 'revision', 'scans', 'securityVersion', 'supportUntil'] as const),
  ...(['tests', 'version'] as const),
] as const

function readFile(json: Json): ManifestFile {
  if (!hasMembers(json, ['name', 'octets', 'sha256'])) throw malformed('artefact')
  return fileIn(json)
}

function readAttachment(json: Json): ReleaseManifest['attachments'][number] {
  if (!hasMembers(json, ['name', 'octets', 'role', 'sha256'])) throw malformed('attachment')
  return { role: oneOf(json.role, 'role', attachmentRoles), ...fileIn(json) }
}

function fileIn(json: { readonly [K in keyof ManifestFile]: Json }): ManifestFile {
  return {
    name: matching(json.name, 'name', fileNameForm),
    octets: whole(json.octets, 'octets', 0),
    sha256: digest(json.sha256),
  }
}

function readTest(json: Json): ManifestTest {
  if (!hasMembers(json, ['name', 'outcome', 'sha256', 'uri'])) throw malformed('test')
  return {
    name: matching(json.name, 'name', lineForm),
    uri: matching(json.uri, 'uri', /^[!-~]{1,2000}$/),
    sha256: digest(json.sha256),
    outcome: oneOf(json.outcome, 'outcome', testOutcomes),
  }
}

function readScan(json: Json): ManifestScan {
  if (!hasMembers(json, ['id', 'result', 'rules', 'sha256'])) throw malformed('scan')
  return {
    id: matching(json.id, 'scan id', /^scn_[0-9a-f]{32}$/),
    sha256: digest(json.sha256),
    rules: matching(json.rules, 'rules', lineForm),
    result: oneOf(json.result, 'result', scanResults),
  }
}

/** A list in ascending order of its keys, none of which stands twice. */
function list<T>(
  json: Json,
  what: string,
  least: number,
  most: number,
  read: (one: Json) => T,
  keyOf: (one: T) => string,
): readonly T[] {
  if (!isArray(json)) throw malformed(what)
  if (json.length > most) throw new FormatError('too-many', 0, `${what}, at most ${most}`)
  if (json.length < least) throw new FormatError('element-missing', 0, what)
  const items = json.map(read)
  for (let index = 1; index < items.length; index++)
    if (keyOf(items[index - 1]!) >= keyOf(items[index]!))
      throw new FormatError('set-not-sorted', 0, `${what}: ${keyOf(items[index]!)}`)
  return items
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new FormatError('text-malformed', 0, 'not UTF-8')
  }
}

function matching(json: Json, what: string, form: RegExp): string {
  if (typeof json === 'string' && form.test(json)) return json
  throw new FormatError('value-not-allowed', 0, `release manifest: ${what}`)
}

function digest(json: Json): string {
  return matching(json, 'sha256', /^[0-9a-f]{64}$/)
}

function oneOf<const W extends readonly string[]>(json: Json, what: string, words: W): W[number] {
  const found = words.find((word) => word === json)
  if (found !== undefined) return found
  throw new FormatError('value-not-allowed', 0, `${what}: not one of ${words.join(', ')}`)
}

function whole(
  json: Json,
  what: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof json === 'number' && Number.isSafeInteger(json) && json >= least && json <= most)
    return json
  throw new FormatError('value-not-allowed', 0, `${what}: not a whole number from ${least}`)
}

function instant(json: Json): string {
  const text = matching(json, 'supportUntil', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  try {
    if (Temporal.Instant.from(text).toString() === text) return text
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
  }
  throw new FormatError('time-malformed', 0, text)
}

function sorted<T>(items: readonly T[], keyOf: (one: T) => string): readonly T[] {
  return items.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
}

function file({ name, octets, sha256 }: ManifestFile) {
  return { name, octets, sha256 }
}

function malformed(what: string): FormatError {
  return new FormatError('text-malformed', 0, `release manifest: ${what}`)
}
