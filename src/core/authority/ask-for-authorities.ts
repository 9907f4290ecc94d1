// SPDX-License-Identifier: Apache-2.0
import { Fault } from '../fault.ts'
import type { AuthorityRequest } from '../ledger/tables.ts'
import type { Founding } from './founding.ts'
import { type RequestingPorts, requestAuthority } from './request-authority.ts'
import { twinAlgorithms, twinName } from './twin.ts'

const firstName = 'issuing-1'
export const firstTwinName = twinName({ name: firstName })

/**
 * Founds an installation whose root is elsewhere: makes the keys of its issuing authority, and of the twin
 * beside it if one is wanted, and the requests for whoever has the root.
 *
 * As safe to repeat as `foundAuthorities`: a request that waits is taken as it is.
 *
 * @throws Fault `configuration-wrong` if a key cannot be made as it is asked for
 */
export async function askForAuthorities(
  founding: Founding,
  ports: RequestingPorts,
): Promise<readonly AuthorityRequest[]> {
  const { keysIn, issuingAlgorithm, issuingProfile: profile, maker, environment, actor } = founding
  const ask = async (wish: Pick<AuthorityRequest, 'name' | 'twin'>) => {
    const isTwin = wish.twin !== null
    const requested = await requestAuthority(
      {
        ...{ ...wish, maker, environment, profile },
        algorithm: isTwin ? twinAlgorithms.issuing : issuingAlgorithm,
        custody: isTwin ? keysIn?.twin : keysIn?.issuing,
      },
      actor,
      ports,
    )
    if (requested.kind === 'requested') return requested.request
    throw new Fault(
      'configuration-wrong',
      `authority ${wish.name} cannot be asked for: ${requested.detail}`,
    )
  }
  const first = await ask({ name: firstName, twin: null })
  if (!founding.twin) return [first]
  return [first, await ask({ name: firstTwinName, twin: first.authority })]
}
