// SPDX-License-Identifier: Apache-2.0
import type { OptionRow } from '../form.ts'

export interface RawOptions {
  readonly ecdsa?: string
  readonly digest?: string
}

export const rawOptions: Readonly<Record<keyof RawOptions, OptionRow>> = {
  ecdsa: {
    kind: 'text',
    help: 'how an ECDSA signature is written: der, or raw for r and s side by side; left out: der',
  },
  digest: {
    kind: 'text',
    help: 'of a file that is not here, the digest that the key signs, in hexadecimal; RSA and ECDSA only',
  },
}
