// SPDX-License-Identifier: Apache-2.0
import type { OptionRow } from '../form.ts'

export interface CmsOptions {
  readonly signedAt?: string
  readonly digests?: readonly string[]
}

export const cmsOptions: Readonly<Record<keyof CmsOptions, OptionRow>> = {
  signedAt: {
    kind: 'text',
    help: 'when it is signed, as 2027-06-01T12:00:00Z; left out: unsaid',
  },
  digests: {
    kind: 'list',
    help: 'of a file that is not here: sha256:HEX, sha384:HEX, sha512:HEX; the one that the key signs with',
  },
}
