// SPDX-License-Identifier: Apache-2.0
/** What SWUpdate is given by `-k`, so that it believes a signer. */
import { encodePem } from '#format/pem.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import type { PublicKey } from '#trust/public-key.ts'

/**
 * The authorities of signers, for one built to check CMS: each once, those between signer and root, too.
 *
 * SWUpdate 2022.12 looks for no authority in the CMS itself: one between that is not in this file is a stranger, and
 * every update refused. Later ones do look.
 *
 * @param chains of each signer what stands above its certificate, up to the root
 */
export function encodeSwupdateAuthorities(chains: readonly (readonly Certificate[])[]): string {
  const once = new Map(chains.flat().map(({ der }) => [der.toHex(), der]))
  return [...once.values()].map((der) => encodePem('CERTIFICATE', der)).join('')
}

/**
 * The key, for one built to check bare signatures of RSA: it takes one.
 *
 * @throws TypeError if it is of another kind, which no SWUpdate checks so
 */
export function encodeSwupdateKey({ algorithm, spki }: PublicKey): string {
  if (!algorithm.startsWith('rsa-'))
    throw new TypeError(`a raw signature is of RSA, the key is ${algorithm}`)
  return encodePem('PUBLIC KEY', spki)
}
