// SPDX-License-Identifier: Apache-2.0
import { keyAlgorithms } from '../algorithms.ts'
import { type Refused, refuse } from '../refusal.ts'
import type { ArtefactRefused } from './refusal.ts'
import type { DeviceTrust, ProvedSigner, SignerKey, Verdict } from './verdict.ts'

/**
 * The last word on an artefact whose signers are proved: whether they are enough, and whether it may follow what the
 * device runs.
 */
export function conclude(
  found: Omit<Verdict, 'kind'>,
  trust: DeviceTrust,
): Verdict | ArtefactRefused {
  const no = judgeSigners(found.signers, trust) ?? judgeCounter(found.securityVersion, trust)
  return no ?? { kind: 'genuine', ...found }
}

/**
 * Whether the security version is at least what the device's counter says; equal is no fall: the same may be installed
 * again.
 */
export function judgeCounter(
  securityVersion: number | undefined,
  { counter }: Pick<DeviceTrust, 'counter'>,
): Refused<'artefact-version-lower' | 'artefact-version-missing'> | undefined {
  if (counter === undefined) return undefined
  if (securityVersion === undefined)
    return refuse(
      'artefact-version-missing',
      `it says no security version under its signature, the device has a counter at ${counter}`,
    )
  return securityVersion < counter
    ? refuse(
        'artefact-version-lower',
        `its security version is ${securityVersion}, the device's counter stands at ${counter}`,
      )
    : undefined
}

/** Whether there is a signer at all, and one of either kind where the device demands both. */
export function judgeSigners(
  signers: readonly ProvedSigner[],
  { demandsBoth }: Pick<DeviceTrust, 'demandsBoth'>,
): Refused<'artefact-not-signed' | 'artefact-signature-missing'> | undefined {
  if (signers.length === 0) return refuse('artefact-not-signed', 'nobody signed it')
  if (!demandsBoth) return undefined
  for (const postQuantum of [false, true])
    if (!signers.some(({ publicKey }) => isPostQuantum(publicKey.algorithm) === postQuantum))
      return refuse(
        'artefact-signature-missing',
        `the device demands a classical and a post-quantum signature, the ${postQuantum ? 'post-quantum' : 'classical'} one is missing`,
      )
  return undefined
}

function isPostQuantum(algorithm: SignerKey['algorithm']): boolean {
  return algorithm === 'hss-lms' || keyAlgorithms[algorithm].postQuantum
}
