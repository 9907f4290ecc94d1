// SPDX-License-Identifier: Apache-2.0
import type { CborValue } from '#format/cbor/value.ts'
import { encodeCbor } from '#format/cbor/writer.ts'
import {
  commonKeys,
  manifestKeys,
  parameterKeys,
  reportAll,
  reportFailure,
  sha256Number,
} from '#format/suit/numbers.ts'
import { sha256 } from '#trust/digest.ts'

export interface ManifestWish {
  readonly sequenceNumber: number
  readonly vendor: Uint8Array
  readonly class: Uint8Array
  readonly component: readonly Uint8Array[]
  readonly sha256: Uint8Array
  readonly octets: number
  readonly uri: string
  readonly invoke: boolean
  /** The text member with its head; its digest stands in the manifest. */
  readonly text: Uint8Array | undefined
}

const command = {
  vendorIdentifier: 1,
  classIdentifier: 2,
  imageMatch: 3,
  overrideParameters: 20,
  fetch: 21,
  invoke: 23,
} as const
const member = { validate: 7, invoke: 9, install: 20, text: 23 } as const

/**
 * The manifest for one image: for whom, what, from where, how it is checked. Without its byte string.
 *
 * @see draft-ietf-suit-manifest-37 sections 7.1, 7.3, 7.6: compatibility check, firmware download, secure boot
 */
export function buildManifest(wish: ManifestWish): Uint8Array {
  const imageMatch = [command.imageMatch, reportAll]
  const entries: (readonly [number, CborValue])[] = [
    [manifestKeys.version, 1],
    [manifestKeys.sequenceNumber, wish.sequenceNumber],
    [manifestKeys.common, encodeCommon(wish)],
    [member.validate, encodeCbor(imageMatch)],
    [
      member.install,
      encodeCbor([
        ...[command.overrideParameters, new Map([[parameterKeys.uri, wish.uri]])],
        ...[command.fetch, reportFailure, ...imageMatch],
      ]),
    ],
  ]
  if (wish.invoke) entries.push([member.invoke, encodeCbor([command.invoke, reportFailure])])
  if (wish.text !== undefined) entries.push([member.text, [sha256Number, sha256(wish.text)]])
  return encodeCbor(new Map(entries))
}

function encodeCommon(wish: ManifestWish): Uint8Array {
  const parameters = new Map<number, CborValue>([
    [parameterKeys.vendorIdentifier, wish.vendor],
    [parameterKeys.classIdentifier, wish.class],
    [parameterKeys.imageDigest, encodeCbor([sha256Number, wish.sha256])],
    [parameterKeys.imageSize, wish.octets],
  ])
  const shared = [
    ...[command.overrideParameters, parameters],
    ...[command.vendorIdentifier, reportAll],
    ...[command.classIdentifier, reportAll],
  ]
  return encodeCbor(
    new Map<number, CborValue>([
      [commonKeys.components, [wish.component]],
      [commonKeys.sharedSequence, encodeCbor(shared)],
    ]),
  )
}

/** The text member: a description of the update in English, with its head. Section 8.4.4. */
export function encodeText(description: string): Uint8Array {
  return encodeCbor(encodeCbor(new Map([['en', new Map([[2, description]])]])))
}
