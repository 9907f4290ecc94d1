// SPDX-License-Identifier: Apache-2.0
import type { ProvedSigner, SignerKey } from './verdict.ts'

/** Who made a signature that held by a key that the device was given: no certificate has a say. */
export function bareSigner(publicKey: SignerKey): ProvedSigner {
  return { publicKey, certificate: undefined, stampedAt: undefined, judgedAt: undefined }
}
