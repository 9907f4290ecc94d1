// SPDX-License-Identifier: Apache-2.0
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { LogStore } from '#core/audit/log-store.ts'
import type { SequencerPorts } from '#core/audit/sequencer.ts'
import type { KeptKeys } from '#core/authority/signing-key.ts'
import type { IntegrationDesk } from '#core/enforcement/port.ts'
import { Fault } from '#core/fault.ts'
import { Attempts } from '#core/people/attempts.ts'
import { makeClaimLink } from '#core/people/claim.ts'
import { makeAdminApi } from '#edge/admin/api.ts'
import { AdminApiOnDemand } from '#edge/admin/api-on-demand.ts'
import { makePassphraseHasher } from '#edge/admin/argon2.ts'
import { listenOnSocket, localDoor } from '#edge/admin/doors/local.ts'
import { machineDoor } from '#edge/admin/doors/machine.ts'
import { operatorDoor } from '#edge/admin/doors/operator.ts'
import { ledgerVerbs } from '#edge/admin/ledger-verbs/ledger-verbs.ts'
import { claimPath } from '#edge/admin/ledger-verbs/people.ts'
import type { History } from '#edge/admin/ledger-verbs/ports.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { FrontTrouble } from '#edge/http/converse.ts'
import type { ListenAddress } from '#edge/http/front.ts'
import type { Witness } from '#edge/http/seen.ts'
import type { BackupMeans } from './backup.ts'
import type { Configuration } from './configuration.ts'
import { hostText } from './configuration.ts'
import type { Core } from './core.ts'
import type { Feed } from './feed.ts'
import type { KeyWatch } from './keywatch/runner.ts'
import { keywatchVerbs } from './keywatch/verbs.ts'
import type { PortName } from './logging.ts'
import { pageFiles } from './page-files.ts'
import { ScanDesk } from './scan/scan-desk.ts'
import { adoptionVerbs } from './verbs/adoption.ts'
import { applicationVerbs } from './verbs/applications.ts'
import { approvalVerbs } from './verbs/approvals.ts'
import { approverVerbs } from './verbs/approvers.ts'
import { artefactVerbs } from './verbs/artefacts.ts'
import { backupVerbs } from './verbs/backup.ts'
import { builderKeyVerbs } from './verbs/builder-keys.ts'
import { withinScope } from './verbs/builder-scope.ts'
import { buildVerbs } from './verbs/builds.ts'
import { ceremonyVerbs } from './verbs/ceremony.ts'
import { certificateVerbs } from './verbs/certificates.ts'
import { historyAbout } from './verbs/history.ts'
import { installedVerbs } from './verbs/installed.ts'
import { integrationVerbs } from './verbs/integration.ts'
import { keyPolicyVerbs } from './verbs/key-policy.ts'
import { logVerbs } from './verbs/log.ts'
import { nodeVerbs } from './verbs/node.ts'
import { policyVerbs } from './verbs/policy.ts'
import { qualificationVerbs } from './verbs/qualification.ts'
import { releaseVerbs } from './verbs/releases.ts'
import { reportVerbs } from './verbs/reports.ts'
import { decisionVerbs } from './verbs/requests.ts'
import { revocationLimitVerbs } from './verbs/revocation-limits.ts'
import { revocationVerbs } from './verbs/revocations.ts'
import { rolloverVerbs } from './verbs/rollover.ts'
import { rootVerbs } from './verbs/roots.ts'
import { rotationVerbs } from './verbs/rotations.ts'
import { scanVerbs } from './verbs/scans.ts'
import { signingVerbs } from './verbs/signing.ts'
import { signingKeyVerbs } from './verbs/signing-keys.ts'
import { signingPolicyVerbs } from './verbs/signing-policies.ts'
import { type HouseFacts, statusVerbs } from './verbs/status.ts'
import { statusFileVerbs } from './verbs/status-files.ts'
import { successionVerbs } from './verbs/succession.ts'
import { twinVerbs } from './verbs/twin.ts'
import { upstreamVerbs } from './verbs/upstream.ts'
import { verificationVerbs } from './verbs/verification.ts'
import { wordVerbs } from './verbs/words.ts'
import { verifiedLog } from './verified-log.ts'
import { houseWatchVerbs } from './watch-verbs.ts'

export interface OperatorParts {
  readonly configuration: Configuration
  readonly core: Core
  readonly log: LogStore
  readonly sequencer: SequencerPorts
  /** Where keys that come from elsewhere are kept. */
  readonly keys: KeptKeys
  readonly feed: Feed
  /** Who speaks to brokers and programs. */
  readonly desk: IntegrationDesk
  readonly keyWatch: KeyWatch
  readonly backup: Omit<BackupMeans, 'core' | 'configuration'>
  readonly facts: HouseFacts
  /** Who sees the requests of a port. */
  readonly witness: (port: PortName) => Witness
  /** Hears of each operation that broke. */
  readonly report: (trouble: FrontTrouble) => void
}

/** The three ways in to the admin API: a port for browsers, a socket for the owner, machines' requests. */
export interface OperatorSide {
  readonly address: ListenAddress
  readonly socket: string
  /** Answers `/api/v1` on the device port. */
  readonly machineHandler: RequestListener
  /** Undefined once somebody has claimed the installation. */
  readonly claimLink: string | undefined
  close(): Promise<void>
}

/** @throws Fault `port-taken` if the operators' address cannot be had */
export async function openOperatorSide(parts: OperatorParts): Promise<OperatorSide> {
  const { configuration, core } = parts
  const verbs = verbsOf(parts)
  const common = {
    ...{ verbs, clock: core.clock, random: core.random, refusals: core.refusals },
    version: parts.facts.version,
    report: parts.report,
  }
  // The port comes first: the door has to know under which names a browser may speak to it.
  const server = await listening(configuration.operatorListen)
  const { port } = server.address() as AddressInfo
  const { host } = configuration.operatorListen
  const names = new Set(['localhost', '127.0.0.1', '[::1]', hostText(host)])
  const origins = [...names].map((name) => `http://${name}:${port}`)
  const operators = await makeAdminApi({
    ...common,
    door: operatorDoor({ ...core, origins }),
    witness: parts.witness('operators'),
    pages: pageFiles(),
    makeServer: (listener) => server.on('request', listener),
  })
  const machines = new AdminApiOnDemand({
    ...common,
    door: machineDoor(core),
    witness: parts.witness('devices'),
  })
  const local = await makeAdminApi({
    ...common,
    door: localDoor(),
    witness: parts.witness('socket'),
  })
  const socket = join(configuration.data, 'admin.sock')
  await listenOnSocket(local, socket)
  const claim = await makeClaimLink({ kind: 'house', id: 'start' }, core)
  return {
    address: { host, port },
    socket,
    machineHandler: (request, response) => machines.answer(request, response),
    claimLink: 'token' in claim ? `${origins[0]}${claimPath(claim.token)}` : undefined,
    close: async () => {
      server.closeAllConnections()
      await Promise.all([operators.close(), local.close(), machines.close()])
      server.close()
    },
  }
}

async function listening({ host, port }: ListenAddress): Promise<Server> {
  const server = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host, port }, resolve)
  await promise.catch((cause: Error) => {
    throw new Fault('port-taken', `cannot listen on ${host} port ${port}: ${cause.message}`, {
      cause,
    })
  })
  return server
}

function verbsOf(parts: OperatorParts): Verbs {
  return withinScope(allVerbs(parts), parts.core.ledger)
}

function allVerbs(parts: OperatorParts): Verbs {
  const { core, log, sequencer, feed, facts } = parts
  const verifyLog = async () => {
    const { intact, events, findings } = await verifiedLog(log, sequencer)
    return { good: intact, size: events, findings: findings.length }
  }
  const history: History = {
    about: (subject, limit) => historyAbout(subject, limit, log, core.restores),
  }
  const desk = new ScanDesk()
  const people = { hasher: makePassphraseHasher(core.random), attempts: new Attempts() }
  return {
    ...ledgerVerbs({
      ...{ ledger: core.ledger, clock: core.clock, random: core.random },
      ...people,
      changes: feed,
      history,
      environment: core.environment,
      keyLists: core.keyLists,
    }),
    ...adoptionVerbs(core, parts.keys),
    ...policyVerbs(core),
    ...reportVerbs(core, log, facts.version),
    ...qualificationVerbs({ core, facts, signer: sequencer.signer, verifyLog }, log),
    ...certificateVerbs(core),
    ...applicationVerbs(core, history),
    ...decisionVerbs(core),
    ...backupVerbs(core, { ...parts.backup, core, configuration: parts.configuration }, sequencer),
    ...logVerbs(log, sequencer, core.restores),
    ...nodeVerbs(core),
    ...statusVerbs(core, log, facts),
    ...statusFileVerbs(core),
    ...wordVerbs(),
    ...houseWatchVerbs(core),
    ...keywatchVerbs(core, parts.keyWatch),
    ...twinVerbs(core),
    ...successionVerbs(core),
    ...rolloverVerbs(core),
    ...revocationVerbs(core, log, people),
    ...keyPolicyVerbs(core),
    ...revocationLimitVerbs(core, people),
    ...signingPolicyVerbs(core, people),
    ...approverVerbs(core, people),
    ...approvalVerbs(core),
    ...scanVerbs(core, desk),
    ...buildVerbs(core),
    ...signingKeyVerbs(core),
    ...rotationVerbs(core, people),
    ...installedVerbs(core),
    ...signingVerbs(core),
    ...artefactVerbs(core),
    ...releaseVerbs(core, log, desk),
    ...builderKeyVerbs(core),
    ...rootVerbs(core),
    ...ceremonyVerbs(core),
    ...upstreamVerbs(core, parts.keys),
    ...integrationVerbs(core, parts.desk),
    ...verificationVerbs(core),
  }
}
