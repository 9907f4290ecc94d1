// SPDX-License-Identifier: Apache-2.0
/**
 * The outcome of a ceremony in one file: a manifest with the digest of every part, the parts, and what each
 * root signed over the manifest. Canonical JSON (RFC 8785), so that there is one file of one outcome.
 *
 * No digest and no signature is looked at here (core/ceremony/verify-bundle).
 */
import { FormatError } from '../format-error.ts'
import {
  encodeCanonicalJson,
  hasMembers,
  isArray,
  type Json,
  parseCanonicalJson,
} from '../tlog/canonical-json.ts'

export const bundleFormat = 'vitalsign-ceremony-bundle-1'

/** A part of a bundle, e.g. `transcript` or `root.crt`. */
export interface BundlePart {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface BundleSignature {
  /** The name of the root. */
  readonly root: string
  readonly signature: Uint8Array
}

export interface CeremonyBundle {
  /** Canonical JSON; `parseManifest` reads it. */
  readonly manifest: Uint8Array
  readonly parts: readonly BundlePart[]
  readonly signatures: readonly BundleSignature[]
}

/** A certificate of eight roots, with requests and lists and the words of a day, stays far below. */
export const mostBundleBytes = 4_194_304
const mostParts = 1000

const encoder = new TextEncoder()

export function encodeBundle({ manifest, parts, signatures }: CeremonyBundle): Uint8Array {
  const text = encodeCanonicalJson({
    format: bundleFormat,
    manifest: manifest.toBase64(),
    parts: parts.map(({ name, bytes }) => ({ name, bytes: bytes.toBase64() })),
    signatures: signatures.map(({ root, signature }) => ({
      root,
      signature: signature.toBase64(),
    })),
  })
  return encoder.encode(`${text}\n`)
}

/** @throws FormatError for anything but what `encodeBundle` writes, byte for byte */
export function parseBundle(bytes: Uint8Array): CeremonyBundle {
  if (bytes.length > mostBundleBytes) throw new FormatError('too-large', mostBundleBytes)
  const json = parseCanonicalJson(lineOf(bytes))
  if (!hasMembers(json, ['format', 'manifest', 'parts', 'signatures'])) throw malformed('members')
  if (json.format !== bundleFormat) throw new FormatError('version-unknown', 0)
  const { parts, signatures } = json
  if (!isArray(parts) || !isArray(signatures)) throw malformed('parts')
  if (parts.length > mostParts || signatures.length > mostParts)
    throw new FormatError('too-many', 0)
  const bundle = {
    manifest: bytesIn(json.manifest),
    parts: parts.map((part) => {
      if (!hasMembers(part, ['name', 'bytes'])) throw malformed('part')
      return { name: textIn(part.name), bytes: bytesIn(part.bytes) }
    }),
    signatures: signatures.map((one) => {
      if (!hasMembers(one, ['root', 'signature'])) throw malformed('signature')
      return { root: textIn(one.root), signature: bytesIn(one.signature) }
    }),
  }
  const names = bundle.parts.map(({ name }) => name)
  if (new Set(names).size !== names.length) throw malformed('a part stands twice')
  return bundle
}

function lineOf(bytes: Uint8Array): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new FormatError('text-malformed', 0, 'not UTF-8')
  }
  if (!text.endsWith('\n')) throw new FormatError('truncated', text.length)
  return text.slice(0, -1)
}

function textIn(json: Json): string {
  if (typeof json !== 'string' || json.length > 100) throw malformed('text')
  return json
}

/** Base64 in its one spelling. */
function bytesIn(json: Json): Uint8Array {
  if (typeof json !== 'string') throw malformed('bytes')
  try {
    const bytes = Uint8Array.fromBase64(json, { lastChunkHandling: 'strict' })
    if (bytes.toBase64() === json) return bytes
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new FormatError('base64-malformed', 0)
}

function malformed(what: string): FormatError {
  return new FormatError('text-malformed', 0, what)
}
