// SPDX-License-Identifier: Apache-2.0
/** A person who is signed in asks for the certificate of a server that is not this one. */

import { sha256 } from '#trust/digest.ts'
import { provePossession } from '#trust/possession.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import type { Issuer } from '../authority/issuer.ts'
import { type Carried, takeUp } from '../authority/upstream/ask-upstream.ts'
import { newestProfile } from '../policy/apply-profile.ts'
import { decideApplication } from '../policy/decide.ts'
import { parseProfile } from '../policy/document/parse-profile.ts'
import type { Profile } from '../policy/profile.ts'
import type { Refused } from '../refusal.ts'
import { certify } from './certify.ts'
import type { EnrolmentPorts } from './enrolment-ports.ts'
import { hostFor, issuerNotAfterOf } from './host-for.ts'
import { readRequest } from './read.ts'
import { repeated, repetitionPut } from './repetition.ts'

export interface ServerWish {
  /** The name of a profile of kind server. */
  readonly profile: string
  /** DNS names and addresses, the first also as the name of people. */
  readonly names: readonly string[]
  readonly maker: string
  /** PKCS #10 by the server's key, DER. */
  readonly request: Uint8Array
}

/**
 * Gives a server its certificate, by whatever authority its profile names.
 *
 * The same wish again finds the same certificate, or how far it is.
 *
 * @param issuer who signs where the profile names nobody else; undefined: nobody can
 */
export async function issueForServer(
  wish: ServerWish,
  issuer: Issuer | undefined,
  actor: Actor,
  ports: EnrolmentPorts,
): Promise<Carried> {
  const profile = await profileNamed(wish.profile, ports)
  if ('reason' in profile) return profile
  const read = readRequest(wish.request)
  if (read.kind === 'refused') return read
  const possession = await provePossession(read.request)
  if (possession.kind === 'refused') return possession
  const requestKey = requestKeyOf(wish)
  const before = await repeated(requestKey, ports)
  if (before.kind === 'under-way') return takeUp(before.order, ports)
  if (before.kind !== 'new') return before
  const host = hostFor(profile, issuer, ports)
  if (host.kind === 'refused') return host
  const { publicKey } = possession.proved
  const key = await ports.ledger.find('key', 'fingerprint', [publicKey.fingerprint])
  const owner = `server ${wish.names[0]}`
  const facts = { maker: wish.maker, name: wish.names[0] ?? '', names: wish.names }
  const { environment } = ports
  const { proved } = possession
  const verdict = decideApplication({
    ...{ profile, facts, proved, key, owner, environment },
    ...{ proof: 'operator', operation: 'enrol', current: undefined, now: ports.clock.now() },
    ...{ issuerNotAfter: issuerNotAfterOf(host), identitiesHeld: 0 },
    identitiesLately: 0,
  })
  if (verdict.kind === 'refused') return verdict
  return certify(
    verdict.approved,
    host,
    {
      ...{ actor, key, environment },
      keyFacts: { origin: 'device', protection: 'unknown', exportable: null },
      enrolment: {
        ...{ protocol: 'local', operation: 'enrol', entrance: null, proof: 'operator' },
        ...{ request: wish.request, credential: actor.id, possession: 'signature' },
        sourceAddress: null,
      },
      reserveWith: (id) => [repetitionPut(requestKey, id, before, ports)],
    },
    ports,
  )
}

async function profileNamed(name: string, ports: EnrolmentPorts): Promise<Profile | Refused> {
  const record = await newestProfile(name, ports.ledger)
  const parsed = record && parseProfile(record.document)
  if (record === undefined || parsed?.kind !== 'profile')
    return refuse('not-found', `no profile ${name} is here`)
  const { kind } = parsed.profile
  return kind === 'server'
    ? { ...parsed.profile, version: record.number }
    : refuse('input-wrong', `profile ${name} makes ${kind} certificates, not those of servers`)
}

function requestKeyOf({ profile, names, request }: ServerWish): Uint8Array {
  const words = ['server', profile, ...names, sha256(request).toHex()]
  return sha256(new TextEncoder().encode(words.join('\n')))
}
