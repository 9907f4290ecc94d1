// SPDX-License-Identifier: Apache-2.0
import { isKeyAlgorithmName, type KeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { makeOwnSigner, type OwnSignerPorts } from '../authority/make-own-signer.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Profile } from '../policy/profile.ts'
import type { Refused } from '../refusal.ts'
import { responderOwner } from './find-responder.ts'

/**
 * Makes a responder for an authority.
 *
 * @returns the id of its certificate
 * @throws Fault as `makeOwnSigner` does
 */
export function makeResponder(
  authority: Authority,
  ports: OwnSignerPorts,
): Promise<{ readonly kind: 'made'; readonly id: string } | Refused> {
  return makeOwnSigner(
    authority,
    {
      what: `the responder of ${authority.name}`,
      owner: responderOwner(authority.id),
      ...{ profileName: 'ocsp-signer', name: `${authority.name} OCSP`, actor: 'ocsp' },
      algorithmFor: (profile) => algorithmFor(authority, profile),
    },
    ports,
  )
}

/**
 * What the responder signs with: as the authority does, so that whoever checks the one can check the other;
 * else the first of its kin that the profile admits and that is as strong. One that withstands quantum
 * computers is never answered for by one that does not.
 */
function algorithmFor(
  { algorithm }: Authority,
  { keyAlgorithms: admitted }: Profile,
): KeyAlgorithmName | undefined {
  if (!isKeyAlgorithmName(algorithm)) return undefined
  if (admitted.includes(algorithm)) return algorithm
  const issuer = keyAlgorithms[algorithm]
  return admitted.find((name) => {
    const own = keyAlgorithms[name]
    const isKin = own.postQuantum
      ? issuer.postQuantum
      : !issuer.postQuantum && (own.canonical === 'modulus') === (issuer.canonical === 'modulus')
    return isKin && own.strength >= issuer.strength
  })
}
