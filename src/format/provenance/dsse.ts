// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '../bytes.ts'
import { FormatError } from '../format-error.ts'
import { objectIn, objectsIn, optionalText, textIn } from '../sbom/fields.ts'
import { parseStrictJson } from '../strict-json.ts'

/** A signed payload, as in-toto statements travel; nothing about the signatures is checked here. */
export interface DsseEnvelope {
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly signatures: readonly DsseSignature[]
}

export interface DsseSignature {
  /** A hint by the signer's own convention. */
  readonly keyId: string | undefined
  readonly signature: Uint8Array
}

/** A statement about a thousand artefacts with ten thousand materials has some megabytes. */
const limits = { octets: 16_777_216, depth: 8, values: 1_000 } as const
const mostSignatures = 16

/** @throws FormatError @see DSSE v1, envelope */
export function parseDsse(bytes: Uint8Array): DsseEnvelope {
  const json = objectIn(parseStrictJson(bytes, limits), 'the envelope')
  const signatures = objectsIn(json, 'signatures', 'envelope')
  if (signatures.length === 0) throw new FormatError('element-missing', 0, 'envelope.signatures')
  if (signatures.length > mostSignatures) throw new FormatError('too-many', 0, 'signatures')
  return {
    payloadType: textIn(json, 'payloadType', 'envelope'),
    payload: bytesOf(json['payload'], 'envelope.payload'),
    signatures: signatures.map(({ item, path }) => ({
      keyId: optionalText(item, 'keyid', path),
      signature: bytesOf(item['sig'], `${path}.sig`),
    })),
  }
}

/** What is signed: the type is bound to the payload. @see DSSE v1, PAE */
export function dsseMessage({
  payloadType,
  payload,
}: Pick<DsseEnvelope, 'payloadType' | 'payload'>): Uint8Array {
  const encoder = new TextEncoder()
  const type = encoder.encode(payloadType)
  return concatBytes([
    ...[encoder.encode(`DSSEv1 ${type.length} `), type],
    ...[encoder.encode(` ${payload.length} `), payload],
  ])
}

/** Base64 with or without the URL's alphabet, as the specification lets both stand. */
function bytesOf(value: unknown, path: string): Uint8Array {
  if (typeof value === 'string')
    for (const alphabet of ['base64', 'base64url'] as const)
      try {
        return Uint8Array.fromBase64(value, { alphabet, lastChunkHandling: 'loose' })
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error
      }
  throw new FormatError('base64-malformed', 0, path)
}
