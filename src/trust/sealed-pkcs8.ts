// SPDX-License-Identifier: Apache-2.0
import { createCipheriv, pbkdf2 } from 'node:crypto'
import { algorithms } from '#format/oids.ts'
import { encodePbes2, type Pbkdf2 } from '#format/pbes2.ts'
import { encodeEncryptedPrivateKeyInfo } from '#format/pkcs8.ts'

/** What OWASP's cheat sheet on password storage asks of PBKDF2 with SHA-256 (2023), and every openssl reads. */
const iterations = 600_000

/**
 * A private key under a passphrase, as openssl and others read it: PBES2 with PBKDF2, HMAC with SHA-256 and AES-256
 * in CBC. Damage shows only when it is opened: this form has no tag.
 *
 * @param pkcs8 DER of PrivateKeyInfo; stays the caller's, who wipes it
 * @returns DER of EncryptedPrivateKeyInfo
 * @see RFC 8018 section 6.2, RFC 5958 section 3
 */
export async function sealPkcs8(
  pkcs8: Uint8Array,
  passphrase: string,
  random: { bytes(count: number): Uint8Array },
): Promise<Uint8Array> {
  const derivation: Pbkdf2 = {
    ...{ kind: 'pbkdf2', salt: random.bytes(16), iterations },
    prf: algorithms.hmacWithSha256,
  }
  const iv = random.bytes(16)
  const key = await derived(passphrase, derivation)
  try {
    const cipher = createCipheriv('aes-256-cbc', key, iv)
    const encryptedData = Uint8Array.from(Buffer.concat([cipher.update(pkcs8), cipher.final()]))
    const encryptionAlgorithm = encodePbes2({ derivation, cipher: algorithms.aes256Cbc, iv })
    return encodeEncryptedPrivateKeyInfo({ encryptionAlgorithm, encryptedData })
  } finally {
    key.fill(0)
  }
}

function derived(passphrase: string, { salt }: Pbkdf2): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    pbkdf2(passphrase, salt, iterations, 32, 'sha256', (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
}
