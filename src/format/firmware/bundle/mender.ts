// SPDX-License-Identifier: Apache-2.0
/** The texts of a Mender artifact, version 3: its manifest of digests, and what its header says. */
import { FormatError } from '#format/format-error.ts'

/** Digests by name, in the order of the manifest. */
export type MenderManifest = ReadonlyMap<string, Uint8Array>

const mostLines = 4_096

/**
 * @throws FormatError `text-malformed` for a line that is none or a name that stands twice, its offset in characters
 * @see mender-artifact Documentation/artifact-format-v3.md "manifest"
 */
export function parseMenderManifest(text: string): MenderManifest {
  const digests = new Map<string, Uint8Array>()
  let at = 0
  for (const line of text.split('\n')) {
    const last = at + line.length === text.length
    if (last && line === '') break
    const [, digest, name] =
      /^([0-9a-f]{64}) {2}([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)$/.exec(line) ?? []
    if (digest === undefined || name === undefined)
      throw new FormatError('text-malformed', at, 'no line of a manifest')
    if (digests.has(name)) throw new FormatError('text-malformed', at, `${name} stands twice`)
    if (digests.size === mostLines) throw new FormatError('too-many', at, 'lines of a manifest')
    digests.set(name, Uint8Array.fromHex(digest))
    at += line.length + 1
  }
  return digests
}

/** Sorted by name, as mender-artifact writes it. */
export function encodeMenderManifest(digests: MenderManifest): string {
  return [...digests]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, digest]) => `${digest.toHex()}  ${name}\n`)
    .join('')
}

export const menderVersion = '{"format":"mender","version":3}'

/** @throws FormatError `version-unknown` for anything but version 3 */
export function checkMenderVersion(text: string): void {
  const said = objectIn(text, 'version')
  if (said['format'] !== 'mender' || said['version'] !== 3)
    throw new FormatError('version-unknown', 0, `an artifact of ${text.trim().slice(0, 80)}`)
}

export interface MenderHeader {
  readonly artifactName: string
  readonly deviceTypes: readonly string[]
  /** The kind of each payload; null: an artifact without one. */
  readonly payloadTypes: readonly (string | null)[]
}

/** `header-info`. @throws FormatError `text-malformed`, `element-missing` */
export function parseMenderHeader(text: string): MenderHeader {
  const {
    payloads,
    artifact_provides: provides,
    artifact_depends: depends,
  } = objectIn(text, 'header-info')
  const artifactName = isObject(provides) ? provides['artifact_name'] : undefined
  const deviceTypes = isObject(depends) ? depends['device_type'] : undefined
  if (typeof artifactName !== 'string' || artifactName === '')
    throw new FormatError('element-missing', 0, 'artifact_name of header-info')
  if (!isTexts(deviceTypes) || deviceTypes.length === 0)
    throw new FormatError('element-missing', 0, 'device_type of header-info')
  if (!Array.isArray(payloads))
    throw new FormatError('element-missing', 0, 'payloads of header-info')
  return { artifactName, deviceTypes, payloadTypes: payloads.map(typeOf) }
}

function typeOf(payload: unknown): string | null {
  const type = isObject(payload) ? payload['type'] : undefined
  if (type === null || typeof type === 'string') return type
  throw new FormatError('element-missing', 0, 'type of a payload in header-info')
}

/** What a payload provides once it is installed: `type-info`. @throws FormatError */
export function parseMenderProvides(text: string): ReadonlyMap<string, string> {
  const { artifact_provides: provides } = objectIn(text, 'type-info')
  if (provides === undefined || provides === null) return new Map()
  if (!isObject(provides))
    throw new FormatError('text-malformed', 0, 'artifact_provides of type-info')
  return new Map(
    Object.entries(provides).map(([name, value]) => {
      if (typeof value !== 'string')
        throw new FormatError('text-malformed', 0, `${name.slice(0, 80)} of artifact_provides`)
      return [name, value]
    }),
  )
}

function objectIn(text: string, what: string): { readonly [name: string]: unknown } {
  try {
    const said: unknown = JSON.parse(text)
    if (isObject(said)) return said
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new FormatError('text-malformed', 0, `${what} is no object of JSON`)
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}
