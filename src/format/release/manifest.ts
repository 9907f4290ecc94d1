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
  type Json,
  parseCanonicalJson,
} from '../tlog/canonical-json.ts'
import {
  digest,
  fileNameForm,
  instant,
  lineForm,
  list,
  malformed,
  matching,
  oneOf,
  whole,
} from './manifest-fields.ts'
import { type ManifestSigning, readSigning, signingJson } from './manifest-signing.ts'

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
  /** How it will be signed, and by which keys. */
  readonly signing: ManifestSigning
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
    signing: signingJson({
      ...manifest.signing,
      bare: sorted(manifest.signing.bare, ({ name }) => name),
      digests: sorted(manifest.signing.digests, ({ artefact }) => artefact),
    }),
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
    signing: readSigning(json.signing),
  }
}

const members = [
  ...(['artefacts', 'attachments', 'channel', 'environment', 'format', 'kind'] as const),
  ...(['product', 'release', 'revision', 'scans', 'securityVersion', 'supportUntil'] as const),
  ...(['signing', 'tests', 'version'] as const),
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

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new FormatError('text-malformed', 0, 'not UTF-8')
  }
}

function sorted<T>(items: readonly T[], keyOf: (one: T) => string): readonly T[] {
  return items.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
}

function file({ name, octets, sha256 }: ManifestFile) {
  return { name, octets, sha256 }
}
