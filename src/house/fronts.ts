// SPDX-License-Identifier: Apache-2.0
import type { LogStore } from '#core/audit/log-store.ts'
import { noteGiven } from '#core/enrolment/anchors/note-given.ts'
import {
  type ApplicationMeans,
  applicationLabel,
  enrolApplication,
} from '#core/enrolment/applications/enrol-application.ts'
import { whoamiApplication } from '#core/enrolment/applications/whoami-application.ts'
import { enrol } from '#core/enrolment/enrol.ts'
import { enrolWithKey, type ServerKeyPorts } from '#core/enrolment/server-key/enrol-with-key.ts'
import { KeyWorkshop } from '#core/enrolment/server-key/workshop.ts'
import { whoami } from '#core/enrolment/whoami.ts'
import type { Fault } from '#core/fault.ts'
import { deltaCrl, fullCrl } from '#core/ledger/shards.ts'
import { csrAttributesFor } from '#core/policy/csr-attributes.ts'
import type { Clock } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import { plannedAfter } from '#core/revocation/publish.ts'
import { reportInstalled } from '#core/rotation/report-installed.ts'
import { estRoutes } from '#edge/est/routes.ts'
import { firmwareReportRoute } from '#edge/http/firmware-report.ts'
import type { Route } from '#edge/http/message.ts'
import { whoamiRoute } from '#edge/http/whoami.ts'
import { ocspRoutes } from '#edge/status/ocsp-routes.ts'
import { type Readiness, statusRoutes, type WhichCrl } from '#edge/status/routes.ts'
import { timeStampRoutes } from '#edge/time-stamps/routes.ts'
import { tlogRoutes } from '#edge/tlog/routes.ts'
import { challengeRoute } from '#edge/upstream/acme/challenges.ts'
import { encodeCsrAttributes } from '#format/est/csr-attributes.ts'
import { tpmRoutes } from './attestation.ts'
import { type Core, ownIssuer } from './core.ts'
import { ownMaker } from './foundation.ts'
import { servedStatusFiles } from './served-status-files.ts'
import { proxyRoutes } from './verify-routes.ts'
import { workerRoutes } from './worker-routes.ts'

/** What devices find on their port. */
export function deviceRoutes(core: Core, keyMaker: ServerKeyPorts['keyMaker']): readonly Route[] {
  const workshop = new KeyWorkshop()
  return [
    ...estRoutes({
      enrol: (request) =>
        request.label === applicationLabel
          ? enrolApplication(request, applicationMeans(core), core)
          : enrol(request, core),
      enrolWithKey: (request) => enrolWithKey(request, { ...core, workshop, keyMaker }),
      caCertificates: (label, peer) => caCertificates(core, label, peer),
      csrAttributes: async (label) => {
        if (label === undefined || label === applicationLabel) return encodeCsrAttributes([])
        const door = core.doors.labelled(label)
        if ('kind' in door) return door
        return encodeCsrAttributes(
          csrAttributesFor(door.profile, { maker: door.party.name, product: door.product.name }),
        )
      },
    }),
    ...tpmRoutes(core),
    whoamiRoute((chain) => whoIs(chain, core)),
    firmwareReportRoute((chain, report) => reportInstalled(chain, report, core)),
    ...proxyRoutes(core),
    ...workerRoutes(core),
  ]
}

function applicationMeans(core: Core): ApplicationMeans {
  return { maker: ownMaker(core.installation), issuer: ownIssuer(core) }
}

/** Devices first, who are many; an application's certificate is no device's. */
async function whoIs(chain: readonly Uint8Array[], core: Core) {
  const who = await whoami(chain, core)
  const isNoDevice = who.kind === 'refused' && who.reason === 'certificate-wrong-purpose'
  return isNoDevice ? whoamiApplication(chain, core) : who
}

/** RFC 7030 section 4.1.3; who showed an identity is noted as having been given it. */
async function caCertificates(
  core: Core,
  label: string | undefined,
  peer: readonly Uint8Array[],
): Promise<readonly Uint8Array[] | Refused> {
  // What applications meet is of any product: they are given what is true of all.
  const at = label === applicationLabel ? undefined : label
  const certificates = await core.anchors.certificatesAt(at)
  if (!('kind' in certificates)) await noteGiven(peer, label, core)
  return certificates
}

/** What the status port needs before core is open: its requests wait until it is. */
export interface StatusMeans {
  readonly clock: Clock
  readonly log: LogStore
  /** Resolves when core is open. */
  readonly core: Promise<Core>
  /** What stands between this node and serving. */
  readiness(): Promise<readonly Readiness[]>
  readonly metrics: Route
  /** What proves an account of ours to who looks for the answer of a challenge. */
  challenge(token: string): Promise<string | undefined>
  /** Hears of what broke while a client was told to come later; MUST NOT throw. */
  report(cause: Fault): void
}

/** What anybody finds on the status port. */
export function publicRoutes({
  clock,
  log,
  core,
  readiness,
  metrics,
  challenge,
  report,
}: StatusMeans): readonly Route[] {
  return [
    ...statusRoutes({
      clock,
      certificate: async (name) => {
        const authority = await (await core).doors.authorityNamed(name)
        return authority?.kind === 'foreign' ? undefined : authority?.certificate
      },
      crl: async (name, which) => publishedCrl(name, which, await core),
      readiness,
      statusFiles: servedStatusFiles(async () => (await core).statusFiles),
    }),
    ...ocspRoutes({
      clock,
      answer: async (request, source) => (await core).ocsp.answer(request, source),
      report,
    }),
    ...timeStampRoutes({
      answer: async (request, source) => (await core).timeStamps.answer(request, source),
      report,
    }),
    ...tlogRoutes(log),
    challengeRoute(challenge),
    metrics,
  ]
}

async function publishedCrl(name: string, which: WhichCrl, { shelf, doors }: Core) {
  const shard = typeof which === 'number' ? which : which === 'full' ? fullCrl : deltaCrl
  const list = await shelf.read(name, shard)
  if (list === undefined) return undefined
  const signer = doors.own.find(({ id, key }) => id === list.authority && key !== null)
  return { ...list, plannedAt: signer && plannedAfter(list, signer) }
}
