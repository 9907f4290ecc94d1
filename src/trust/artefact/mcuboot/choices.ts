// SPDX-License-Identifier: Apache-2.0
import type { ArtefactForm } from '../form.ts'

/** What may be chosen when an image is made or signed anew; numbers of octets unless a row says otherwise. */
export interface McubootChoices {
  readonly version?: string
  readonly headerSize?: number
  readonly padHeader?: boolean
  readonly loadAddress?: string
  readonly romFixed?: string
  readonly nonBootable?: boolean
  readonly securityCounter?: string
  readonly dependency?: readonly string[]
  readonly value?: readonly string[]
  readonly digest?: string
  readonly fullKey?: boolean
  readonly keepSignatures?: boolean
  readonly pad?: boolean
  readonly confirm?: boolean
  readonly slotSize?: number
  readonly align?: number
  readonly maxAlign?: number
  readonly maxSectors?: number
  readonly overwriteOnly?: boolean
  readonly erased?: number
  readonly exceptionRsa2048?: boolean
}

export const mcubootChoices: ArtefactForm<McubootChoices>['options'] = {
  version: {
    kind: 'text',
    help: 'of a payload without a header: 1.2.3 or 1.2.3+4; of an image, what it has to say, or any',
  },
  headerSize: {
    kind: 'integer',
    help: 'octets that the header takes; 32 unless told, 512 for Zephyr',
  },
  padHeader: { kind: 'flag', help: 'put the header before the payload, which has no room for it' },
  loadAddress: { kind: 'text', help: 'where it is copied to in RAM before it runs, as 0x20000000' },
  romFixed: { kind: 'text', help: 'the only address in flash that it runs at, as 0x8000' },
  nonBootable: { kind: 'flag', help: 'it is no image to start, but the second half of one' },
  securityCounter: {
    kind: 'text',
    help: 'the number below which devices never go back; auto: made of the version',
  },
  dependency: {
    kind: 'list',
    help: 'another image that has to be there: IMAGE:VERSION, as 1:1.2.3',
  },
  value: {
    kind: 'list',
    help: "a maker's value in the protected area: TYPE:HEX, as 0x00a0:c0ffee",
  },
  digest: { kind: 'text', help: 'sha256 or sha512 for Ed25519; the key decides otherwise' },
  fullKey: {
    kind: 'flag',
    help: 'write the whole public key, for devices that know its digest alone',
  },
  keepSignatures: {
    kind: 'flag',
    help: 'add to the signatures of a signed image; else they are replaced',
  },
  pad: { kind: 'flag', help: 'fill the slot, and ask for the update by its last octets' },
  confirm: { kind: 'flag', help: 'with pad: the update stays without confirming itself' },
  slotSize: { kind: 'integer', help: 'octets of the slot, with pad' },
  align: {
    kind: 'integer',
    help: 'the least that the flash writes: 1, 2, 4, 8, 16 or 32; 1 unless told',
  },
  maxAlign: { kind: 'integer', help: 'the largest of these of all flashes: 8, 16 or 32' },
  maxSectors: { kind: 'integer', help: 'sectors that a swap may take; 128 unless told' },
  overwriteOnly: { kind: 'flag', help: 'the update is copied over, not swapped' },
  erased: { kind: 'integer', help: 'what erased flash reads as: 255 unless told, or 0' },
  exceptionRsa2048: {
    kind: 'flag',
    help: 'sign by RSA-2048, as an exception for devices that check nothing else',
  },
}
