// SPDX-License-Identifier: Apache-2.0
import type { OptionRow } from '../form.ts'

export interface OuterManifestOptions {
  readonly product: string
  readonly version: string
  readonly securityVersion: number
  readonly environment: string
  readonly kind: string
  readonly madeAt: number
  readonly name?: string
  readonly files?: readonly string[]
  readonly hardware?: readonly string[]
}

export const outerManifestOptions: Readonly<Record<keyof OuterManifestOptions, OptionRow>> = {
  product: { kind: 'text', help: 'what it is for, as the device knows it', needed: true },
  version: { kind: 'text', help: 'version for people', needed: true },
  securityVersion: {
    kind: 'integer',
    help: 'what the device counts: it takes none that is lower than its own',
    needed: true,
  },
  environment: { kind: 'text', help: 'trial, test or production', needed: true },
  kind: { kind: 'text', help: 'security, feature or configuration', needed: true },
  madeAt: { kind: 'integer', help: 'when it was made, in seconds since 1970', needed: true },
  name: {
    kind: 'text',
    help: 'the name of the file that is signed; left out only if the file is empty and --files says all',
  },
  files: {
    kind: 'list',
    help: 'a file that is not here, as NAME:OCTETS:SHA256',
  },
  hardware: { kind: 'list', help: 'hardware that it is for; left out: any' },
}
