// SPDX-License-Identifier: Apache-2.0
import type { FileSignature } from '#format/compact-status/status-file.ts'
import type { SigningKeys } from '../authority/signing-key.ts'
import { Fault } from '../fault.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Responders } from '../ocsp/responders.ts'
import type { Clock } from '../ports.ts'

/** Whoever stands in a chain, and who signs status below it. */
export interface SigningPorts {
  readonly keys: Pick<SigningKeys, 'sign'>
  readonly clock: Clock
  /** Who answers OCSP for an authority signs its files, too: both say status, and each says which it is. */
  readonly responders: Pick<Responders, 'renew'>
  /** All that there are, the oldest first; and what stands above each, its issuer first. */
  readonly authorities: readonly Authority[]
  above(authority: Authority): readonly Authority[]
  /** DER of the links by which who believes an older root finds to this one. */
  linksTo(root: string): readonly Uint8Array[]
}

/**
 * One signature for each root below which somebody signs here, so that who believes one of them can check it,
 * of whichever algorithm it is.
 *
 * @throws Fault `key-missing` if there is nobody; as `Responders.renew` and `SigningKeys.sign` do
 */
export async function signFor(
  roots: ReadonlySet<string>,
  message: Uint8Array,
  ports: SigningPorts,
): Promise<readonly FileSignature[]> {
  const signatures: FileSignature[] = []
  let because = 'no issuing authority here stands below a root of this set'
  for (const root of roots) {
    const issuer = issuerBelow(root, ports)
    if (issuer === undefined) continue
    const responder = await ports.responders.renew(issuer)
    if ('reason' in responder) {
      because = responder.detail
      continue
    }
    const between = ports.above(issuer).filter(({ kind }) => kind !== 'root')
    signatures.push({
      certificates: [
        responder.certificate,
        ...[issuer, ...between].map(({ certificate }) => certificate),
        ...ports.linksTo(root),
      ],
      signature: await ports.keys.sign(responder.keyId, message),
    })
  }
  if (signatures.length === 0) throw new Fault('key-missing', because)
  return signatures
}

/** The newest below a root that has its key here; one that still issues rather than one that was stopped. */
function issuerBelow(
  root: string,
  { authorities, above, clock }: Pick<SigningPorts, 'authorities' | 'above' | 'clock'>,
): Authority | undefined {
  const able = authorities.filter(
    (one) =>
      one.kind === 'issuing' &&
      one.state !== 'retired' &&
      one.key !== null &&
      Temporal.Instant.compare(clock.now(), one.notAfter) < 0 &&
      above(one).some(({ id }) => id === root),
  )
  return able.findLast(({ state }) => state === 'active') ?? able.at(-1)
}
