// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey } from 'node:crypto'
import { keyFileLabel } from '#format/tpm/key-file.ts'
import type { KeyAlgorithmName, SignatureAlgorithm } from '#trust/algorithms.ts'
import { generateKey, sign } from '#trust/private-key.ts'

/** The labels of PEM blocks that name a private key of a device, wherever the key itself is. */
export const keyLabels: readonly string[] = ['PRIVATE KEY', keyFileLabel]

/** A key that was just made. */
export interface MadeKey {
  /** One PEM block that names it; it is on disk before the key is used for anything. */
  readonly keyPem: string
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
}

/** Where a device makes its keys, and has them sign. */
export interface DeviceKeys {
  make(algorithm: KeyAlgorithmName): Promise<MadeKey>
  /** As X.509 wants it. */
  sign(keyPem: string, algorithm: SignatureAlgorithm, data: Uint8Array): Promise<Uint8Array>
  /** Gives up the keys that none of these names: nobody asks for them any more. */
  forgetAllBut(keyPems: readonly string[]): Promise<void>
}

/** Keys in files, as every device can have them. */
export const fileKeys: DeviceKeys = {
  async make(algorithm) {
    const { privateKey, publicKey } = await generateKey(algorithm)
    const keyPem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
    return { keyPem, spki: publicKey.spki }
  },
  sign: (keyPem, algorithm, data) => sign(createPrivateKey(keyPem), algorithm, data),
  // A key is forgotten with its file.
  forgetAllBut: async () => {},
}

/** Whether a PEM block names a key in a TPM. */
export function isInTpm(keyPem: string): boolean {
  return keyPem.startsWith(`-----BEGIN ${keyFileLabel}-----`)
}
