// SPDX-License-Identifier: Apache-2.0
import type { OptionRow } from '#trust/artefact/form.ts'
import { versionOption } from '#trust/artefact/said-version.ts'

export interface RaucChoices {
  readonly version?: string
  readonly signedAt?: string
  readonly salt?: string
  readonly largestSignature?: number
}

export const raucOptions: { readonly [K in keyof RaucChoices]-?: OptionRow } = {
  version: versionOption,
  signedAt: {
    kind: 'text',
    help: 'when it is signed, as 2027-06-01T12:00:00Z: what devices with use-bundle-signing-time judge by; RAUC 1.8 so set breaks down over a bundle that does not say it',
  },
  salt: {
    kind: 'text',
    help: 'the salt of the hash tree, 64 hexadecimal digits; without it, one that follows from the manifest',
  },
  largestSignature: {
    kind: 'integer',
    help: 'octets of the largest signature that the devices take (max-bundle-signature-size); 65536 without it',
  },
}
