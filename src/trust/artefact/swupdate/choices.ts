// SPDX-License-Identifier: Apache-2.0
import type { OptionRow } from '#trust/artefact/form.ts'
import { versionOption } from '#trust/artefact/said-version.ts'

export interface SwupdateChoices {
  readonly version?: string
  readonly signature?: string
  readonly signedAt?: string
}

export const swupdateOptions: { readonly [K in keyof SwupdateChoices]-?: OptionRow } = {
  version: versionOption,
  signature: {
    kind: 'text',
    help: 'cms or rsa, as SWUpdate was built (CONFIG_SIGALG_CMS, CONFIG_SIGALG_RAWRSA, CONFIG_SIGALG_RSAPSS); without it, cms where the signer has a certificate',
  },
  signedAt: {
    kind: 'text',
    help: 'when it is signed, as 2027-06-01T12:00:00Z; a CMS alone says it',
  },
}
