// SPDX-License-Identifier: Apache-2.0
import { catalogue } from './catalogue.ts'
import type { Operation } from './operation.ts'
import type { OperationName } from './operations.ts'

/** The rooms of the table of operations, each loaded when a row of it is asked for. */
export const rooms = {
  adoption: async () => (await import('./operations/adoption.ts')).adoption,
  applications: async () => (await import('./operations/applications.ts')).applications,
  approvals: async () => (await import('./operations/approvals.ts')).approvals,
  approvers: async () => (await import('./operations/approvers.ts')).approvers,
  artefacts: async () => (await import('./operations/artefacts.ts')).artefacts,
  attestation: async () => (await import('./operations/attestation.ts')).attestation,
  backup: async () => (await import('./operations/backup.ts')).backup,
  'builder-keys': async () => (await import('./operations/builder-keys.ts')).builderKeys,
  builds: async () => (await import('./operations/builds.ts')).builds,
  ceremony: async () => (await import('./operations/ceremony.ts')).ceremony,
  certificates: async () => (await import('./operations/certificates.ts')).certificates,
  devices: async () => (await import('./operations/devices.ts')).devices,
  elements: async () => (await import('./operations/elements.ts')).elements,
  house: async () => (await import('./operations/house.ts')).house,
  integrations: async () => (await import('./operations/integrations.ts')).integrations,
  'key-policy': async () => (await import('./operations/key-policy.ts')).keyPolicy,
  keys: async () => (await import('./operations/keys.ts')).keys,
  keywatch: async () => (await import('./operations/keywatch.ts')).keywatch,
  nodes: async () => (await import('./operations/nodes.ts')).nodes,
  people: async () => (await import('./operations/people.ts')).people,
  profiles: async () => (await import('./operations/profiles.ts')).profiles,
  qualification: async () => (await import('./operations/qualification.ts')).qualification,
  releases: async () => (await import('./operations/releases.ts')).releases,
  reports: async () => (await import('./operations/reports.ts')).reports,
  requests: async () => (await import('./operations/requests.ts')).requests,
  revocations: async () => (await import('./operations/revocations.ts')).revocations,
  rollover: async () => (await import('./operations/rollover.ts')).rollover,
  roots: async () => (await import('./operations/roots.ts')).roots,
  rotations: async () => (await import('./operations/rotations.ts')).rotations,
  scans: async () => (await import('./operations/scans.ts')).scans,
  'signing-keys': async () => (await import('./operations/signing-keys.ts')).signingKeys,
  'signing-policies': async () =>
    (await import('./operations/signing-policies.ts')).signingPolicies,
  signing: async () => (await import('./operations/signing.ts')).signing,
  'status-files': async () => (await import('./operations/status-files.ts')).statusFiles,
  twin: async () => (await import('./operations/twin.ts')).twin,
  upstreams: async () => (await import('./operations/upstreams.ts')).upstreams,
  vendors: async () => (await import('./operations/vendors.ts')).vendors,
  verification: async () => (await import('./operations/verification.ts')).verification,
  watch: async () => (await import('./operations/watch.ts')).watch,
} as const satisfies Record<string, () => Promise<Readonly<Record<string, object>>>>

export type Room = keyof typeof rooms

/** The operations whose rows a room has. */
export type OperationIn<R extends Room> = Extract<
  keyof Awaited<ReturnType<(typeof rooms)[R]>>,
  OperationName
>

/**
 * One row of the table: for a command line, which needs one or two of them, and for a server, of which most rows are
 * never asked.
 *
 * `operations.ts` has all at once, and takes a quarter of a second and 30 MB to load.
 */
export async function loadOperation(name: OperationName): Promise<Operation> {
  const room: Readonly<Record<string, unknown>> = await rooms[catalogue[name].room]()
  return room[name] as Operation
}
