// SPDX-License-Identifier: Apache-2.0
import type { z } from 'zod'
import type { Operation, OperationKind } from './operation.ts'
import { adoption } from './operations/adoption.ts'
import { applications } from './operations/applications.ts'
import { approvals } from './operations/approvals.ts'
import { approvers } from './operations/approvers.ts'
import { artefacts } from './operations/artefacts.ts'
import { attestation } from './operations/attestation.ts'
import { backup } from './operations/backup.ts'
import { builderKeys } from './operations/builder-keys.ts'
import { builds } from './operations/builds.ts'
import { ceremony } from './operations/ceremony.ts'
import { certificates } from './operations/certificates.ts'
import { devices } from './operations/devices.ts'
import { elements } from './operations/elements.ts'
import { house } from './operations/house.ts'
import { integrations } from './operations/integrations.ts'
import { keyPolicy } from './operations/key-policy.ts'
import { keys } from './operations/keys.ts'
import { keywatch } from './operations/keywatch.ts'
import { nodes } from './operations/nodes.ts'
import { people } from './operations/people.ts'
import { profiles } from './operations/profiles.ts'
import { qualification } from './operations/qualification.ts'
import { releases } from './operations/releases.ts'
import { reports } from './operations/reports.ts'
import { requests } from './operations/requests.ts'
import { revocations } from './operations/revocations.ts'
import { rollover } from './operations/rollover.ts'
import { roots } from './operations/roots.ts'
import { rotations } from './operations/rotations.ts'
import { scans } from './operations/scans.ts'
import { signing } from './operations/signing.ts'
import { signingKeys } from './operations/signing-keys.ts'
import { signingPolicies } from './operations/signing-policies.ts'
import { statusFiles } from './operations/status-files.ts'
import { twin } from './operations/twin.ts'
import { upstreams } from './operations/upstreams.ts'
import { vendors } from './operations/vendors.ts'
import { verification } from './operations/verification.ts'
import { watch } from './operations/watch.ts'

/** All that can be asked of an installation, by `noun.verb`. */
export const operations = {
  ...people,
  ...builds,
  ...devices,
  ...applications,
  ...attestation,
  ...certificates,
  ...requests,
  ...adoption,
  ...profiles,
  ...backup,
  ...house,
  ...reports,
  ...qualification,
  ...nodes,
  ...twin,
  ...statusFiles,
  ...roots,
  ...ceremony,
  ...upstreams,
  ...vendors,
  ...verification,
  ...rollover,
  ...revocations,
  ...elements,
  ...keys,
  ...scans,
  ...signingKeys,
  ...rotations,
  ...signing,
  ...artefacts,
  ...builderKeys,
  ...releases,
  ...keyPolicy,
  ...watch,
  ...keywatch,
  ...integrations,
  ...signingPolicies,
  ...approvers,
  ...approvals,
} as const

export type OperationName = keyof typeof operations

/** The input as a verb gets it: checked, defaults filled in. */
export type InputOf<N extends OperationName> = z.output<(typeof operations)[N]['input']>
/** The answer's document, or one item, event or line of it. */
export type OutputOf<N extends OperationName> = z.input<(typeof operations)[N]['output']>
export type KindOf<N extends OperationName> = (typeof operations)[N]['kind'] & OperationKind

/** The names of the table, sorted. */
export const operationNames = Object.keys(operations).sort() as readonly OperationName[]

/** The row of a name, without its own types: for who walks the table. */
export function operationOf(name: OperationName): Operation {
  return operations[name] as unknown as Operation
}
