// SPDX-License-Identifier: Apache-2.0
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import type { Authority } from '../ledger/tables.ts'

/**
 * What a twin signs with, whatever the authority beside it does: security categories 5 and 3 of FIPS 204,
 * one step more for what stands longer.
 */
export const twinAlgorithms = {
  root: 'ml-dsa-87',
  issuing: 'ml-dsa-65',
} as const satisfies Record<'root' | 'issuing', KeyAlgorithmName>

/** Under which name the twin of an authority stands, in addresses too. */
export function twinName({ name }: Pick<Authority, 'name'>): string {
  return `${name}-twin`
}

/** Whether it stands beside another: its chain is of keys that withstand quantum computers. */
export function isTwin({ twin }: Pick<Authority, 'twin'>): boolean {
  return twin !== null
}

/**
 * The authority itself, or whoever took over the doors of one that was stopped.
 *
 * @returns undefined if there is none of this id
 */
export function inOffice(
  id: string,
  authorities: ReadonlyMap<string, Authority>,
): Authority | undefined {
  const seen = new Set<string>()
  let authority = authorities.get(id)
  while (
    authority &&
    authority.state !== 'active' &&
    authority.successor &&
    !seen.has(authority.id)
  ) {
    seen.add(authority.id)
    authority = authorities.get(authority.successor)
  }
  return authority
}

/**
 * Who issues in the chain beside this issuing authority's: its twin, or that of one before it, or whoever
 * took over from that; the newest. One that issues nothing more is given too, so that a device hears why.
 *
 * @returns undefined for one that has no twin, or is one
 */
export function twinBeside(
  authority: Authority,
  authorities: ReadonlyMap<string, Authority>,
): Authority | undefined {
  if (isTwin(authority)) return undefined
  const beside = [...authorities.values()].filter(
    ({ kind, twin }) =>
      kind === 'issuing' && twin !== null && inOffice(twin, authorities)?.id === authority.id,
  )
  const newest = beside.at(-1)
  return newest && inOffice(newest.id, authorities)
}
