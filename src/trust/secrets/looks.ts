// SPDX-License-Identifier: Apache-2.0
import { lookForCertificates } from './certificates/look-for-certificates.ts'
import { lookForPublicKeys } from './certificates/look-for-public-keys.ts'
import { lookForDerKeys } from './keys/look-for-der.ts'
import { lookForJwks } from './keys/look-for-jwk.ts'
import { lookForPem } from './keys/look-for-pem.ts'
import { lookForSshKeys } from './keys/look-for-ssh.ts'
import type { Look } from './sight.ts'

/** Everything that is looked for, in one pass over the octets. */
export const looks: readonly Look[] = [
  ...lookForDerKeys,
  ...lookForPem,
  ...lookForSshKeys,
  ...lookForJwks,
  ...lookForCertificates,
  ...lookForPublicKeys,
]
