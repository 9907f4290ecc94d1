// SPDX-License-Identifier: Apache-2.0
/** How an application gets its identity and the next one; as a device does, but that a person gives the code. */

import { applicationProfile } from '#core/applications/profile.ts'
import type { Issuer } from '#core/authority/issuer.ts'
import { takeUp } from '#core/authority/upstream/ask-upstream.ts'
import { keyConflict, type SecondOwner } from '#core/devices/second-owner.ts'
import type { Put } from '#core/ledger/ledger.ts'
import type { Enrolment, Key } from '#core/ledger/tables.ts'
import { decideApplication } from '#core/policy/decide.ts'
import type { Profile } from '#core/policy/profile.ts'
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import { provePossession } from '#trust/possession.ts'
import { refuse } from '#trust/refusal.ts'
import { certify, type Host } from '../certify.ts'
import type { EnrolmentPorts } from '../enrolment-ports.ts'
import { hostFor, issuerNotAfterOf } from '../host-for.ts'
import { identitiesHeld, identitiesLately } from '../identities-held.ts'
import { liveProofOf } from '../live-proof.ts'
import { readRequest } from '../read.ts'
import { orderedFor } from '../renew-now.ts'
import { type Repeated, repeated, repetitionPut, requestKeyOf } from '../repetition.ts'
import type { EnrolmentRequest, Outcome } from '../request.ts'
import { saidMaking } from '../said-making.ts'
import { type Applying, admitApplication } from './admit-application.ts'

/**
 * The label at which applications enrol, whatever they are for. No entrance of a product bears it: theirs have
 * letters, digits and dashes only.
 */
export const applicationLabel = '~application'

export interface ApplicationMeans {
  /** The name of the maker in certificates that are no device's. */
  readonly maker: string
  /** Who signs where the profile names nobody else; undefined: nobody can. */
  readonly issuer: Issuer | undefined
}

/** Gives an application its identity, or says why not. Every refusal is an event. */
export async function enrolApplication(
  request: EnrolmentRequest,
  means: ApplicationMeans,
  ports: EnrolmentPorts,
): Promise<Outcome> {
  const about: About = { subjects: claimed(request) }
  const outcome = await enrolOrRefuse(request, about, means, ports)
  const {
    proved,
    subjects: [application],
  } = about
  // Whatever is issued is kept with its request.
  if (outcome.kind !== 'issued' && proved !== undefined && application !== undefined)
    ports.signatures.note(proved, application)
  if (outcome.kind === 'refused') {
    const { reason, detail } = outcome
    const { subjects, second } = about
    const { sourceAddress: source, requestId } = request
    const alarms = second ? [keyConflict(second, ports.clock.now())] : []
    await ports.refusals.note({ reason, detail, source, requestId, subjects, alarms })
    if (second !== undefined) await ports.secondOwners.tell(second)
  }
  return outcome
}

/** What is told of a refusal besides its reason; it grows with what becomes known. */
interface About {
  subjects: readonly string[]
  /** Whose key was shown for the application. */
  second?: SecondOwner
  /** The request, once it has proved its possession. */
  proved?: CertificationRequest
}

function claimed({ credential }: EnrolmentRequest): readonly string[] {
  return credential.kind === 'code' ? [credential.user.slice(0, 64)] : []
}

async function enrolOrRefuse(
  request: EnrolmentRequest,
  about: About,
  means: ApplicationMeans,
  ports: EnrolmentPorts,
): Promise<Outcome> {
  const read = readRequest(request.request)
  if (read.kind === 'refused') return read
  const applying = await admitApplication(request, ports)
  if (applying.kind === 'refused') return applying
  const { application } = applying
  about.subjects = [application.id]
  const profile = await applicationProfile(application.profile, ports.ledger)
  if ('reason' in profile) return profile
  const requestKey = requestKeyOf(applying.credential, request)
  const before = await repeated(requestKey, ports)
  if (before.kind === 'under-way') return settled(await takeUp(before.order, ports))
  if (before.kind !== 'new') return before
  if (applying.kind === 'by-code' && application.codeUsedAt !== null)
    return refuse('code-used', 'this enrolment code was used already; ask the operator for another')
  const host = hostFor(profile, means.issuer, ports)
  if (host.kind === 'refused') return host
  const asking = { request, applying, profile, host, requestKey, before, means }
  return prove(read.request, asking, about, ports)
}

/** What is known of one request on its way. */
interface Asking {
  readonly request: EnrolmentRequest
  readonly applying: Applying
  readonly profile: Profile
  readonly host: Host
  readonly requestKey: Uint8Array
  readonly before: Repeated
  readonly means: ApplicationMeans
}

async function prove(
  pkcs10: CertificationRequest,
  asking: Asking,
  about: About,
  ports: EnrolmentPorts,
): Promise<Outcome> {
  const possession = await provePossession(pkcs10)
  if (possession.kind === 'refused') return possession
  const { proved } = possession
  about.proved = proved.request
  const said = saidMaking(pkcs10)
  if (said.kind === 'refused') return said
  const { applying, profile, host, request, means } = asking
  const { id, name, names } = applying.application
  const key = await ports.ledger.find('key', 'fingerprint', [proved.publicKey.fingerprint])
  const verdict = decideApplication({
    ...{ profile, proved, key, owner: id, facts: { maker: means.maker, name, names } },
    ...{ proof: applying.proof, operation: request.operation, current: applying.current },
    ...{ environment: ports.environment, now: ports.clock.now() },
    issuerNotAfter: issuerNotAfterOf(host),
    identitiesHeld: await identitiesHeld(id, profile, () => true, ports),
    identitiesLately: await identitiesLately(id, ports),
    isOrdered: orderedFor(applying.current?.record, ports.doors.orders) !== undefined,
  })
  if (verdict.kind === 'refused') {
    if (key !== undefined && key.owner !== id) {
      const live = liveProofOf(proved.publicKey, pkcs10, request)
      const { proof } = applying
      about.second = { key, stranger: id, proof, live, source: request.sourceAddress }
    }
    return verdict
  }
  const occasion = { ...occasionOf(asking, key, ports), making: said.making }
  return settled(await certify(verdict.approved, host, occasion, ports))
}

/** What the ledger has to book together with the certificate. */
function occasionOf(
  { applying, request, requestKey, before }: Asking,
  key: Key | undefined,
  ports: EnrolmentPorts,
) {
  const { application, proof, credential } = applying
  const now = ports.clock.now()
  return {
    ...{ actor: { kind: 'application', id: application.id } as const, key },
    keyFacts: { origin: 'device', protection: 'unknown', exportable: null } as const,
    environment: ports.environment,
    enrolment: {
      ...{ protocol: request.protocol, operation: operationOf(applying, key), entrance: null },
      ...{ request: request.request, proof, credential },
      // Behind a proxy that ends TLS the credential's key was proved to that, by the channel.
      possession: request.proxy === undefined ? ('signature' as const) : ('channel' as const),
      ...{ sourceAddress: request.sourceAddress, proxy: request.proxy?.id ?? null },
    },
    // The application is written even if only its version changes: two requests of one application are decided
    // one after the other.
    reserveWith: (certificate: string): readonly Put[] => [
      repetitionPut(requestKey, certificate, before, ports),
      {
        kind: 'application',
        record: {
          ...{ ...application, version: application.version + 1, seenAt: now },
          codeUsedAt: applying.kind === 'by-code' ? now : application.codeUsedAt,
        },
      },
    ],
  }
}

function operationOf(
  { current, application }: Applying,
  key: Key | undefined,
): Enrolment['operation'] {
  if (current === undefined) return application.seenAt === null ? 'enrol' : 'recover'
  return current.record.key === key?.id ? 'renew' : 'rekey'
}

/** Who lost a race comes again, and finds what became of it. */
function settled(carried: Awaited<ReturnType<typeof certify>>): Outcome {
  return carried.kind === 'conflict'
    ? refuse('busy', 'something else happened to this application at the same moment; try again')
    : carried
}
