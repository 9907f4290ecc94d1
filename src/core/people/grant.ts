// SPDX-License-Identifier: Apache-2.0
/** What a job of a build may do for some minutes. */
import { refuse } from '#trust/refusal.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { BuildTrust, Grant } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { PeoplePorts } from './ports.ts'
import { hashToken, newToken } from './token.ts'

/** What an ID token says, once its signature, issuer, audience and times were found right. */
export interface ProvedJob {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly subject: string
  readonly expiresAt: Temporal.Instant
  /** Of what is signed in it: of one token there is one, however it is written. */
  readonly idTokenSha256: Uint8Array
}

export type Granted =
  | { readonly kind: 'granted'; readonly grant: Grant; readonly token: string }
  | Refused

/** Services whose word is taken for one issuer; one for each product or pipeline. */
const mostTrusts = 200

/** Those that are active for an issuer. */
export async function buildTrustsOf(
  issuer: string,
  ledger: Ledger,
): Promise<readonly BuildTrust[]> {
  const { items } = await ledger.list('buildTrust', {
    ...{ by: 'issuer', equal: [issuer, 'active'], limit: mostTrusts },
  })
  return items
}

/**
 * Lets a job in, once for each ID token: what leaked into a log after that is worth nothing.
 *
 * Of several that fit, the products of all are granted, for the shortest time of them.
 */
export async function grantJob(job: ProvedJob, ports: PeoplePorts): Promise<Granted> {
  const trusts = (await buildTrustsOf(job.issuer, ports.ledger)).filter((one) => fits(one, job))
  if (trusts.length === 0)
    return refuse('sign-in-wrong', 'no build trust is for this subject and audience')
  const now = ports.clock.now()
  const minutes = Math.min(...trusts.map((one) => one.minutes))
  const token = newToken(ports.random)
  const grant: Grant = {
    ...{ id: newId('grant', ports), version: 1 },
    ...{ tokenSha256: token.sha256, idTokenSha256: job.idTokenSha256, subject: job.subject },
    buildTrusts: trusts.map(({ id }) => id),
    products: [...new Set(trusts.flatMap((one) => one.products))],
    ...{ grantedAt: now, expiresAt: now.add({ minutes }) },
  }
  const refused = await settle(
    {
      puts: [{ kind: 'grant', record: grant }],
      events: [
        {
          ...{ type: 'build-granted', at: now, actor: { kind: 'machine', id: grant.id } },
          subjects: [grant.id, ...trusts.map((one) => one.id)],
          facts: { subject: job.subject, issuer: job.issuer, expiresAt: `${grant.expiresAt}` },
        },
      ],
    },
    ports.ledger,
  )
  if (refused?.reason === 'exists-already')
    return refuse('sign-in-wrong', 'this id token was used already; ask for a new one')
  return refused ?? { kind: 'granted', grant, token: token.text }
}

function fits({ subject, audience }: BuildTrust, job: ProvedJob): boolean {
  const isMeant = subject.endsWith('*')
    ? job.subject.startsWith(subject.slice(0, -1))
    : job.subject === subject
  return isMeant && job.audience.includes(audience)
}

/** The grant that a token opens, while it lasts, for the products for which a word that it stands on is still taken. */
export async function grantOf(
  token: string,
  { ledger, clock }: Pick<PeoplePorts, 'clock' | 'ledger'>,
): Promise<Grant | undefined> {
  const grant = await ledger.find('grant', 'token', [hashToken(token)])
  if (grant === undefined || Temporal.Instant.compare(grant.expiresAt, clock.now()) <= 0)
    return undefined
  const taken = new Set<string>()
  for (const id of grant.buildTrusts) {
    const trust = await ledger.read('buildTrust', id)
    if (trust?.state === 'active') for (const product of trust.products) taken.add(product)
  }
  const products = grant.products.filter((product) => taken.has(product))
  return products.length === 0 ? undefined : { ...grant, products }
}
