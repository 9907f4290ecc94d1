// SPDX-License-Identifier: Apache-2.0
import { keyAlgorithms, type SignatureAlgorithmName, signatureAlgorithms } from '../algorithms.ts'
import type { PublicKey } from '../public-key.ts'
import { refuse } from '../refusal.ts'
import type { ArtefactForm } from './form.ts'
import type { ArtefactRefused } from './refusal.ts'

/**
 * The algorithm by which a key signs in a form: what was asked, else the first that the form's verifiers check and the key
 * can make.
 */
export function algorithmFor(
  form: Pick<ArtefactForm<unknown>, 'title' | 'algorithms'>,
  key: Pick<PublicKey, 'algorithm' | 'onlySignature'>,
  asked?: SignatureAlgorithmName,
): SignatureAlgorithmName | ArtefactRefused {
  const able = form.algorithms.filter((name) => isMadeBy(name, key))
  const [first] = able
  if (first === undefined)
    return refuse(
      'artefact-signer-unfit',
      `a key of ${key.algorithm} makes none of the signatures that verifiers of ${form.title} check: ${form.algorithms.join(', ')}`,
    )
  if (asked === undefined) return first
  return able.includes(asked)
    ? asked
    : refuse(
        'artefact-signer-unfit',
        `${asked} is not what a key of ${key.algorithm} signs in ${form.title}: ${able.join(', ')}`,
      )
}

function isMadeBy(
  name: SignatureAlgorithmName,
  { algorithm, onlySignature }: Pick<PublicKey, 'algorithm' | 'onlySignature'>,
): boolean {
  if (onlySignature !== undefined) return onlySignature === name
  if (!signatureAlgorithms[name].keyOids.includes(keyAlgorithms[algorithm].identifier.oid))
    return false
  const { signsWith } = keyAlgorithms[algorithm]
  // Every key of RSA signs by either padding and any digest; ECDSA keeps to the digest of its curve.
  return keyAlgorithms[algorithm].canonical === 'modulus' || signsWith === name
}
