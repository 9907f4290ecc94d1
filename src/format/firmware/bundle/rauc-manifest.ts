// SPDX-License-Identifier: Apache-2.0
/** The manifest of a RAUC bundle: what is in it, for which devices, and how it is to be checked. */
import { FormatError } from '#format/format-error.ts'
import { encodeKeyFile, type KeyGroup, parseKeyFile } from './key-file.ts'

/** The hash tree behind the squashfs. */
export interface RaucVerity {
  /** The root of the tree. */
  readonly hash: Uint8Array
  /** Mixed into every hash, 32 octets. */
  readonly salt: Uint8Array
  /** Octets of the tree. */
  readonly size: number
}

export interface RaucImage {
  /** The class of slots that it goes to. */
  readonly slot: string
  readonly filename: string
  /** Undefined in what a person writes before the bundle is built. */
  readonly sha256: Uint8Array | undefined
  readonly size: number | undefined
}

export interface RaucManifest {
  readonly compatible: string
  readonly version: string | undefined
  readonly format: 'plain' | 'verity' | 'crypt'
  /** Undefined: it is not said, as in the manifest within the squashfs. */
  readonly verity: RaucVerity | undefined
  readonly images: readonly RaucImage[]
  /** `security-version` of the group `meta.vitalsign`; RAUC reads over groups `meta.…` from 1.9 on. */
  readonly securityVersion: number | undefined
  /** All of it, as it stands. */
  readonly groups: readonly KeyGroup[]
}

/** The file in the squashfs. */
export const raucManifestName = 'manifest.raucm'
export const raucMetaGroup = 'meta.vitalsign'
const mostImages = 1_024

/**
 * Reads a manifest, strictly: names of files without a slash, digests of 32 octets, sizes that are numbers.
 *
 * @throws FormatError `text-malformed`, `element-missing`, `value-not-allowed`, `too-many`
 * @see rauc docs/reference.rst "Manifest", src/manifest.c
 */
export function parseRaucManifest(text: string): RaucManifest {
  const groups = parseKeyFile(text)
  const said = (group: string, name: string) =>
    groups.find((one) => one.name === group)?.values.get(name)
  const compatible = said('update', 'compatible')
  if (compatible === undefined || compatible === '')
    throw new FormatError('element-missing', 0, 'compatible of group update')
  return {
    compatible,
    version: said('update', 'version'),
    format: formatOf(said('bundle', 'format')),
    verity: verityOf(said),
    images: imagesOf(groups),
    securityVersion: numberOf(said(raucMetaGroup, 'security-version'), 'security-version'),
    groups,
  }
}

/** RAUC takes a manifest that says nothing for a plain one. */
function formatOf(format = 'plain'): RaucManifest['format'] {
  if (format === 'plain' || format === 'verity' || format === 'crypt') return format
  throw new FormatError('value-not-allowed', 0, `a bundle of format ${format}`)
}

function verityOf(
  said: (group: string, name: string) => string | undefined,
): RaucVerity | undefined {
  const hash = octetsOf(said('bundle', 'verity-hash'), 'verity-hash')
  const salt = octetsOf(said('bundle', 'verity-salt'), 'verity-salt')
  const size = numberOf(said('bundle', 'verity-size'), 'verity-size')
  if (hash === undefined && salt === undefined && size === undefined) return undefined
  if (hash === undefined || salt === undefined || size === undefined)
    throw new FormatError('element-missing', 0, 'one of verity-hash, verity-salt and verity-size')
  return { hash, salt, size }
}

function imagesOf(groups: readonly KeyGroup[]): RaucImage[] {
  const found = groups.filter(({ name }) => name.startsWith('image.'))
  if (found.length > mostImages) throw new FormatError('too-many', 0, `${found.length} images`)
  return found.map(({ name, values }) => {
    const filename = values.get('filename')
    if (filename === undefined || filename === '' || /^\.{1,2}$|\//.test(filename))
      throw new FormatError('value-not-allowed', 0, `filename of ${name} is "${filename ?? ''}"`)
    return {
      slot: name.slice('image.'.length),
      filename,
      sha256: octetsOf(values.get('sha256'), `sha256 of ${name}`),
      size: numberOf(values.get('size'), `size of ${name}`),
    }
  })
}

/** 32 octets in hexadecimal digits. */
function octetsOf(text: string | undefined, what: string): Uint8Array | undefined {
  if (text === undefined) return undefined
  if (!/^[0-9a-fA-F]{64}$/.test(text))
    throw new FormatError('value-not-allowed', 0, `${what} is not 32 octets`)
  return Uint8Array.fromHex(text)
}

function numberOf(text: string | undefined, what: string): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number))
    throw new FormatError('value-not-allowed', 0, `${what} is "${text.slice(0, 40)}"`)
  return number
}

/** The same manifest with other values of a group, which comes to be if it is not there; the rest stays as it is. */
export function withValues(
  groups: readonly KeyGroup[],
  name: string,
  more: Readonly<Record<string, string>>,
): readonly KeyGroup[] {
  const known = groups.find((group) => group.name === name)
  const values = new Map([...(known?.values ?? []), ...Object.entries(more)])
  if (known === undefined) return [...groups, { name, values }]
  return groups.map((group) => (group === known ? { name, values } : group))
}

/** What the CMS of a bundle holds: the manifest, with its hash tree. */
export function encodeSignedManifest({ groups }: RaucManifest, verity: RaucVerity): Uint8Array {
  const signed = withValues(groups, 'bundle', {
    format: 'verity',
    'verity-hash': verity.hash.toHex(),
    'verity-salt': verity.salt.toHex(),
    'verity-size': String(verity.size),
  })
  return new TextEncoder().encode(encodeKeyFile(signed))
}
