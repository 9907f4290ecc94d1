// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { verifySignatureSync } from './signature.ts'
import { importSoundKey } from './sound-key.ts'

/** Whether a certificate's own key, well-formed and not known weak, made its signature. */
export function signsItself({
  publicKey,
  signatureAlgorithm,
  tbs,
  signature,
}: Certificate): boolean {
  const key = importSoundKey(publicKey)
  return !('kind' in key) && verifySignatureSync(signatureAlgorithm, key, tbs, signature) === true
}
