// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import {
  encodeCanonicalJson,
  isArray,
  type Json,
  type JsonObject,
  parseCanonicalJson,
} from '../tlog/canonical-json.ts'

export const manifestFormat = 'vitalsign-ceremony-manifest-1'

export interface ManifestRoot {
  readonly name: string
  readonly algorithm: string
  /** Of its certificate, hexadecimal. */
  readonly sha256: string
  /** The root that it stands beside; empty: none. */
  readonly twinOf: string
}

export interface ManifestCertificate {
  readonly kind: 'issuing' | 'link'
  /** The name of the part that holds it. */
  readonly part: string
  /** Which root signed it. */
  readonly root: string
  readonly sha256: string
  /** Of the request that it answers; empty: none. */
  readonly requestSha256: string
}

export interface ManifestList {
  readonly part: string
  readonly root: string
  readonly number: number
  readonly sha256: string
}

export interface ManifestPart {
  readonly name: string
  readonly sha256: string
}

/** What a bundle holds and what it stands for; every root of the vault signs it. */
export interface CeremonyManifest {
  readonly vault: string
  readonly act: number
  readonly title: string
  readonly environment: 'trial' | 'test' | 'production'
  readonly rehearsal: boolean
  readonly maker: string
  readonly publicUrl: string
  /** RFC 3339: when it was closed. */
  readonly heldAt: string
  readonly scriptSha256: string
  /** Of the last line of the transcript. */
  readonly transcriptSha256: string
  /** Of the last line of the act before; empty for the first. */
  readonly previousSha256: string
  /** All roots of the vault, those of earlier acts too. */
  readonly roots: readonly ManifestRoot[]
  readonly certificates: readonly ManifestCertificate[]
  readonly lists: readonly ManifestList[]
  /** Every part with its digest, the script and the transcript among them. */
  readonly parts: readonly ManifestPart[]
}

const encoder = new TextEncoder()

export function encodeManifest(manifest: CeremonyManifest): Uint8Array {
  const json: JsonObject = { format: manifestFormat, ...plain(manifest) }
  return encoder.encode(encodeCanonicalJson(json))
}

/** Member by member, so that nothing else is written. */
function plain(manifest: CeremonyManifest): JsonObject {
  const { roots, certificates, lists, parts, ...rest } = manifest
  return {
    ...rest,
    roots: roots.map((one) => ({ ...one })),
    certificates: certificates.map((one) => ({ ...one })),
    lists: lists.map((one) => ({ ...one })),
    parts: parts.map((one) => ({ ...one })),
  }
}

/** @throws FormatError for anything but what `encodeManifest` writes */
export function parseManifest(bytes: Uint8Array): CeremonyManifest {
  const reader = new Members(parseCanonicalJson(new TextDecoder().decode(bytes)))
  if (reader.text('format', /^.*$/) !== manifestFormat) throw new FormatError('version-unknown', 0)
  const manifest: CeremonyManifest = {
    vault: reader.text('vault', /^[0-9a-f]{32}$/),
    act: reader.count('act'),
    title: reader.text('title', anyText),
    environment: reader.choice('environment', ['trial', 'test', 'production']),
    rehearsal: reader.flag('rehearsal'),
    maker: reader.text('maker', anyText),
    publicUrl: reader.text('publicUrl', /^http:\/\/[^\s]{1,200}$/),
    heldAt: reader.text('heldAt', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    scriptSha256: reader.text('scriptSha256', digest),
    transcriptSha256: reader.text('transcriptSha256', digest),
    previousSha256: reader.text('previousSha256', digestOrNone),
    roots: reader.list('roots').map((one) => ({
      name: one.text('name', shortName),
      algorithm: one.text('algorithm', shortName),
      sha256: one.text('sha256', digest),
      twinOf: one.text('twinOf', /^[a-z0-9-]{0,40}$/),
    })),
    certificates: reader.list('certificates').map((one) => ({
      kind: one.choice('kind', ['issuing', 'link']),
      part: one.text('part', anyText),
      root: one.text('root', shortName),
      sha256: one.text('sha256', digest),
      requestSha256: one.text('requestSha256', digestOrNone),
    })),
    lists: reader.list('lists').map((one) => ({
      part: one.text('part', anyText),
      root: one.text('root', shortName),
      number: one.count('number'),
      sha256: one.text('sha256', digest),
    })),
    parts: reader.list('parts').map((one) => ({
      name: one.text('name', anyText),
      sha256: one.text('sha256', digest),
    })),
  }
  // What is not named above is not ours.
  const again = encodeManifest(manifest)
  if (again.length !== bytes.length || again.some((byte, at) => byte !== bytes[at]))
    throw new FormatError('text-malformed', 0, 'members')
  return manifest
}

const digest = /^[0-9a-f]{64}$/
const digestOrNone = /^(?:[0-9a-f]{64})?$/
const shortName = /^[a-z0-9-]{1,40}$/
const anyText = /^[^\p{C}]{1,200}$/u

const mostEntries = 1000

/** The members of one object, each of the form that is asked. */
class Members {
  readonly #json: JsonObject

  constructor(json: Json | undefined) {
    if (json === undefined || json === null || typeof json !== 'object' || isArray(json))
      throw malformed('object')
    this.#json = json as JsonObject
  }

  #member(name: string): Json | undefined {
    return Object.hasOwn(this.#json, name) ? this.#json[name] : undefined
  }

  text(name: string, form: RegExp): string {
    const value = this.#member(name)
    if (typeof value !== 'string' || !form.test(value)) throw malformed(name)
    return value
  }

  choice<const T extends string>(name: string, choices: readonly T[]): T {
    const found = choices.find((one) => one === this.#member(name))
    if (found === undefined) throw malformed(name)
    return found
  }

  flag(name: string): boolean {
    const value = this.#member(name)
    if (typeof value !== 'boolean') throw malformed(name)
    return value
  }

  /** A whole number from 1. */
  count(name: string): number {
    const value = this.#member(name)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1)
      throw malformed(name)
    return value
  }

  list(name: string): readonly Members[] {
    const value = this.#member(name)
    if (!isArray(value) || value.length > mostEntries) throw malformed(name)
    return value.map((one) => new Members(one))
  }
}

function malformed(what: string): FormatError {
  return new FormatError('text-malformed', 0, what)
}
