// SPDX-License-Identifier: Apache-2.0
import type { OptionRow } from '../form.ts'

export interface SuitOptions {
  readonly sequenceNumber?: number
  readonly vendor?: string
  readonly class?: string
  readonly component?: readonly string[]
  readonly uri?: string
  readonly integrated?: boolean
  readonly invoke?: boolean
  readonly description?: string
  readonly payloadSha256?: string
  readonly payloadOctets?: number
  readonly replace?: boolean
}

export const suitOptions: Readonly<Record<keyof SuitOptions, OptionRow>> = {
  sequenceNumber: {
    kind: 'integer',
    help: 'security version: devices take none that is lower; left out only to sign an envelope that is there',
  },
  vendor: { kind: 'text', help: 'whose devices it is for: a UUID, or a domain name' },
  class: { kind: 'text', help: 'which devices: a UUID, or the name within the vendor' },
  component: {
    kind: 'list',
    help: 'where the image goes, part by part: text, or octets as 0x00; left out: 0x00',
  },
  uri: { kind: 'text', help: 'where devices fetch the image' },
  integrated: {
    kind: 'flag',
    help: 'the image stands in the envelope, and is fetched from nowhere',
  },
  invoke: { kind: 'flag', help: 'the image is started by the manifest, too' },
  description: { kind: 'text', help: 'text for people, which devices may cut off' },
  payloadSha256: { kind: 'text', help: 'SHA-256 of an image that is not here, in hexadecimal' },
  payloadOctets: { kind: 'integer', help: 'size of an image that is not here' },
  replace: {
    kind: 'flag',
    help: 'of an envelope that is there, takes its signatures off; without it they stay',
  },
}
