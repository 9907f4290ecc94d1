// SPDX-License-Identifier: Apache-2.0
import type { LogStore } from '#core/audit/log-store.ts'
import type { SequencerPorts } from '#core/audit/sequencer.ts'
import type { KeptKeys } from '#core/authority/signing-key.ts'
import type { IntegrationDesk } from '#core/enforcement/port.ts'
import { Attempts } from '#core/people/attempts.ts'
import { makePassphraseHasher } from '#edge/admin/argon2.ts'
import type { History, LedgerVerbPorts } from '#edge/admin/ledger-verbs/ports.ts'
import type { LoadVerb, VerbsIn } from '#edge/admin/verbs.ts'
import { catalogue } from '#format/admin/catalogue.ts'
import type { Room } from '#format/admin/load-operation.ts'
import type { BackupMeans } from './backup.ts'
import type { Configuration } from './configuration.ts'
import type { Core } from './core.ts'
import type { Feed } from './feed.ts'
import type { KeyWatch } from './keywatch/runner.ts'
import { onDemand } from './on-demand.ts'
import { ScanDesk } from './scan/scan-desk.ts'
import type { HouseFacts } from './verbs/status.ts'

/** What verbs are made of. */
export interface VerbParts {
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
}

type VerbRooms = { readonly [R in Room]: () => Promise<VerbsIn<R>> }

/**
 * Gives the verbs of the house, each room of them loaded and made when one of its operations is first asked: most of a
 * house's verbs are asked once a month, and all of them, with what they need, are half of the program.
 */
export function verbLoader(parts: VerbParts): LoadVerb {
  const rooms = new Map(
    Object.entries(verbRooms(parts)).map(([room, make]) => [room, onDemand<object>(make)]),
  )
  // `VerbRooms` says of each room which verbs it has, and the catalogue is made from the same rooms.
  return async (name) => Reflect.get((await rooms.get(catalogue[name].room)?.()) ?? {}, name)
}

function verbRooms(parts: VerbParts): VerbRooms {
  const { core, log, sequencer, feed, facts, keys, backup, configuration } = parts
  const history: History = {
    about: async (subject, limit) =>
      (await import('./verbs/history.ts')).historyAbout(subject, limit, log, core.restores),
  }
  const scans = new ScanDesk()
  const people = { hasher: makePassphraseHasher(core.random), attempts: new Attempts() }
  const ports: LedgerVerbPorts = {
    ...{ ledger: core.ledger, clock: core.clock, random: core.random, ...people, history },
    ...{ changes: feed, environment: core.environment, keyLists: core.keyLists },
  }
  return {
    adoption: async () => (await import('./verbs/adoption.ts')).adoptionVerbs(core, keys),
    applications: async () =>
      (await import('./verbs/applications.ts')).applicationVerbs(core, history),
    approvals: async () => (await import('./verbs/approvals.ts')).approvalVerbs(core),
    approvers: async () => (await import('./verbs/approvers.ts')).approverVerbs(core, people),
    artefacts: async () => (await import('./verbs/artefacts.ts')).artefactVerbs(core),
    attestation: async () =>
      (await import('#edge/admin/ledger-verbs/attestation.ts')).attestationVerbs(ports),
    backup: async () =>
      (await import('./verbs/backup.ts')).backupVerbs(
        core,
        { ...backup, core, configuration },
        sequencer,
      ),
    'builder-keys': async () => (await import('./verbs/builder-keys.ts')).builderKeyVerbs(core),
    builds: async () => (await import('./verbs/builds.ts')).buildVerbs(core),
    ceremony: async () => (await import('./verbs/ceremony.ts')).ceremonyVerbs(core),
    certificates: async () => ({
      ...(await import('#edge/admin/ledger-verbs/certificates.ts')).certificateVerbs(ports),
      ...(await import('./verbs/certificates.ts')).certificateVerbs(core),
      ...(await import('./verbs/policy.ts')).policyVerbs(core),
    }),
    devices: async () => ({
      ...(await import('#edge/admin/ledger-verbs/products.ts')).productVerbs(ports),
      ...(await import('#edge/admin/ledger-verbs/devices.ts')).deviceVerbs(ports),
    }),
    elements: async () =>
      (await import('#edge/admin/ledger-verbs/elements.ts')).elementVerbs(ports),
    house: async () => ({
      ...(await import('./verbs/log.ts')).logVerbs(log, sequencer, core.restores),
      ...(await import('./verbs/status.ts')).statusVerbs(core, log, facts),
      ...(await import('./verbs/words.ts')).wordVerbs(),
    }),
    integrations: async () =>
      (await import('./verbs/integration.ts')).integrationVerbs(core, parts.desk),
    'key-policy': async () => (await import('./verbs/key-policy.ts')).keyPolicyVerbs(core),
    keys: async () => (await import('#edge/admin/ledger-verbs/keys.ts')).keyVerbs(ports),
    keywatch: async () => (await import('./keywatch/verbs.ts')).keywatchVerbs(core, parts.keyWatch),
    nodes: async () => (await import('./verbs/node.ts')).nodeVerbs(core),
    people: async () => (await import('#edge/admin/ledger-verbs/people.ts')).peopleVerbs(ports),
    profiles: async () => ({
      ...(await import('#edge/admin/ledger-verbs/profiles.ts')).profileVerbs(ports),
      ...(await import('./verbs/policy.ts')).policyVerbs(core),
    }),
    qualification: async () => {
      const { qualificationVerbs } = await import('./verbs/qualification.ts')
      const { verifiedLog } = await import('./verified-log.ts')
      const verifyLog = async () => {
        const { intact, events, findings } = await verifiedLog(log, sequencer)
        return { good: intact, size: events, findings: findings.length }
      }
      return qualificationVerbs({ core, facts, signer: sequencer.signer, verifyLog }, log)
    },
    releases: async () => (await import('./verbs/releases.ts')).releaseVerbs(core, log, scans),
    reports: async () => ({
      ...(await import('./verbs/reports.ts')).reportVerbs(core, log, facts.version),
      ...(await import('./verbs/exceptions.ts')).exceptionVerbs(core),
    }),
    requests: async () => ({
      ...(await import('#edge/admin/ledger-verbs/requests.ts')).requestVerbs(ports),
      ...(await import('./verbs/requests.ts')).decisionVerbs(core),
    }),
    revocations: async () => ({
      ...(await import('./verbs/revocations.ts')).revocationVerbs(core, log, people),
      ...(await import('./verbs/revocation-limits.ts')).revocationLimitVerbs(core, people),
    }),
    rollover: async () => ({
      ...(await import('./verbs/rollover.ts')).rolloverVerbs(core),
      ...(await import('#edge/admin/ledger-verbs/anchors.ts')).anchorVerbs(ports),
    }),
    roots: async () => (await import('./verbs/roots.ts')).rootVerbs(core),
    rotations: async () => ({
      ...(await import('./verbs/rotations.ts')).rotationVerbs(core, people),
      ...(await import('./verbs/installed.ts')).installedVerbs(core),
    }),
    scans: async () => (await import('./verbs/scans.ts')).scanVerbs(core, scans),
    'signing-keys': async () => (await import('./verbs/signing-keys.ts')).signingKeyVerbs(core),
    'signing-policies': async () =>
      (await import('./verbs/signing-policies.ts')).signingPolicyVerbs(core, people),
    signing: async () => (await import('./verbs/signing.ts')).signingVerbs(core),
    'status-files': async () => (await import('./verbs/status-files.ts')).statusFileVerbs(core),
    twin: async () => (await import('./verbs/twin.ts')).twinVerbs(core),
    upstreams: async () => (await import('./verbs/upstream.ts')).upstreamVerbs(core, keys),
    vendors: async () => (await import('#edge/admin/ledger-verbs/vendors.ts')).vendorVerbs(ports),
    verification: async () => (await import('./verbs/verification.ts')).verificationVerbs(core),
    watch: async () => ({
      ...(await import('#edge/admin/ledger-verbs/watch.ts')).watchVerbs(ports),
      ...(await import('./watch-verbs.ts')).houseWatchVerbs(core),
      ...(await import('./verbs/succession.ts')).successionVerbs(core),
    }),
  }
}
