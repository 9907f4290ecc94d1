// SPDX-License-Identifier: Apache-2.0
/** The parsers of what TPMs say: no tags and no nesting, so that they are met with bytes bent blindly. */

import { encodeTpmKeyFile, parseTpmKeyFile } from '#format/tpm/key-file.ts'
import { encodeAttest, parseAttest } from '#format/tpm/structure/attest.ts'
import {
  encodeEncryptedSecret,
  encodeIdObject,
  parseEncryptedSecret,
  parseIdObject,
} from '#format/tpm/structure/credential.ts'
import {
  encodeDigests,
  encodePcrSelections,
  parseDigests,
  parsePcrSelections,
} from '#format/tpm/structure/pcr.ts'
import { encodeSizedPublic, parseSizedPublic } from '#format/tpm/structure/public.ts'
import { encodeTpmSignature, parseTpmSignature } from '#format/tpm/structure/signature.ts'
import type { Target } from './targets.ts'

/** Every field is kept as it stood, so that encoding gives the same bytes: a Name is made of them. */
function exactly<T>(
  name: string,
  parse: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
): Target {
  const again = (bytes: Uint8Array) => encode(parse(bytes))
  return { name, parse, again, exact: true, limits: undefined, binary: true }
}

export const tpmTargets: readonly Target[] = [
  exactly('tpm-public', parseSizedPublic, encodeSizedPublic),
  exactly('tpm-attest', parseAttest, encodeAttest),
  exactly('tpm-signature', parseTpmSignature, encodeTpmSignature),
  exactly('tpm-id-object', parseIdObject, encodeIdObject),
  exactly('tpm-encrypted-secret', parseEncryptedSecret, encodeEncryptedSecret),
  exactly('tpm-pcr-selections', parsePcrSelections, encodePcrSelections),
  exactly('tpm-digests', parseDigests, encodeDigests),
  exactly('tpm-key-file', parseTpmKeyFile, encodeTpmKeyFile),
]
