// SPDX-License-Identifier: Apache-2.0
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import type { SignatureAlgorithmName } from '#trust/algorithms.ts'
import type { ArtefactSigner } from '#trust/artefact/form.ts'
import { type ArtefactFormName, artefactFormNames } from '#trust/artefact/form-names.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import type { ArtefactKey, Key } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'

/** Whether this text names a form. */
export function isFormName(text: string): text is ArtefactFormName {
  return artefactFormNames.some((name) => name === text)
}

/** The certificates of a key, leaf first, root last; none of a bare key. */
export function chainOf({ chain }: Pick<ArtefactKey, 'chain'>): readonly Certificate[] {
  return chain.map((text) => parseCertificate(Uint8Array.fromBase64(text)))
}

/** When the first certificate of the chain ends; undefined: a bare key. */
export function endOf(key: Pick<ArtefactKey, 'chain'>): Temporal.Instant | undefined {
  return chainOf(key)
    .map(({ notAfter }) => notAfter)
    .toSorted(Temporal.Instant.compare)[0]
}

/** The public half, as the ledger has it. */
export function publicKeyOf({ spki }: Pick<Key, 'spki'>): PublicKey | Refused {
  return importPublicKey(parseSubjectPublicKeyInfo(spki))
}

/** The key as forms know it: the root stays away, since devices have it. */
export function signerOf(
  key: Pick<ArtefactKey, 'chain'>,
  publicKey: PublicKey,
  algorithm: SignatureAlgorithmName,
): ArtefactSigner {
  return {
    publicKey,
    algorithm,
    chain: chainOf(key)
      .slice(0, -1)
      .map(({ der }) => der),
  }
}
