// SPDX-License-Identifier: Apache-2.0
import type { KeyAlgorithmName } from '#trust/algorithms.ts'
import { makeOwnSigner, type OwnSignerPorts } from '../authority/make-own-signer.ts'
import { type Custody, custodies } from '../authority/signing-key.ts'
import { issuingAuthority } from '../devices/entrance.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Profile } from '../policy/profile.ts'
import type { Refused } from '../refusal.ts'
import { findStamper, stamperOwner } from './find-stamper.ts'

/**
 * Makes who stamps time for this installation: certified by the newest authority that issues, its key kept where
 * the authority's own is.
 *
 * @param known the id of who stamped when it was looked; where another does by now, `busy` says so
 * @returns the id of its certificate
 * @throws Fault as `makeOwnSigner` does
 */
export async function makeStamper(
  known: string | undefined,
  ports: OwnSignerPorts,
): Promise<{ readonly kind: 'made'; readonly id: string } | Refused> {
  const authority = await issuingAuthority(ports.ledger)
  if ('reason' in authority) return authority
  const custody = await custodyOf(authority, ports)
  return makeOwnSigner(
    authority,
    {
      what: 'the time-stamp signer',
      owner: stamperOwner,
      ...{ profileName: 'time-stamp-signer', name: 'Time-stamps', actor: 'time-stamps' },
      ...(custody !== undefined && { custody }),
      isMade: async () => (await findStamper(ports.clock.now(), ports.ledger))?.id !== known,
      algorithmFor: (profile) => algorithmFor(profile, custody, ports),
    },
    ports,
  )
}

async function custodyOf(
  authority: Authority,
  { ledger }: OwnSignerPorts,
): Promise<Custody | undefined> {
  const key = authority.key === null ? undefined : await ledger.read('key', authority.key)
  const kind = key?.custody?.split(' ')[0]
  return custodies.find((one) => one === kind)
}

/** The first of the profile's that can be made there. */
function algorithmFor(
  { keyAlgorithms: admitted }: Profile,
  custody: Custody | undefined,
  { keys }: OwnSignerPorts,
): KeyAlgorithmName | undefined {
  return admitted.find((name) => keys.unable?.(name, custody ?? 'file') === undefined)
}
