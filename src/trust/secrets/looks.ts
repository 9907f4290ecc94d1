// SPDX-License-Identifier: Apache-2.0
import { lookAtAccountFile, lookForAccounts } from './accounts/look-for-accounts.ts'
import { lookForCertificates } from './certificates/look-for-certificates.ts'
import { lookForPublicKeys } from './certificates/look-for-public-keys.ts'
import { lookForDerKeys } from './keys/look-for-der.ts'
import { lookForJwks } from './keys/look-for-jwk.ts'
import { lookForPem } from './keys/look-for-pem.ts'
import { lookForRawKeys } from './keys/look-for-raw.ts'
import { lookForSshKeys } from './keys/look-for-ssh.ts'
import { lookAtJavaStore, lookForStores } from './keys/look-for-stores.ts'
import { lookAtKeyLines } from './settings/look-at-key-lines.ts'
import { lookAtPairs } from './settings/look-at-pairs.ts'
import { lookAtTerminals } from './settings/look-at-terminals.ts'
import { lookForSettings } from './settings/look-for-settings.ts'
import type { Look, WholeLook } from './sight.ts'
import { lookForJwts } from './tokens/look-for-jwts.ts'
import { lookForTokens } from './tokens/look-for-tokens.ts'

/** Everything that is looked for, in one pass over the octets. */
export const looks: readonly Look[] = [
  ...lookForStores,
  ...lookForDerKeys,
  ...lookForPem,
  ...lookForSshKeys,
  ...lookForJwks,
  ...lookForCertificates,
  ...lookForPublicKeys,
  ...lookForAccounts,
  ...lookForTokens,
  ...lookForJwts,
  ...lookForSettings,
]

/** What is seen of a small file as a whole, in this order. */
export const wholeLooks: readonly WholeLook[] = [
  { look: lookForRawKeys },
  { look: lookAtAccountFile },
  { look: lookAtJavaStore },
  lookAtKeyLines,
  lookAtTerminals,
  lookAtPairs,
]
