// SPDX-License-Identifier: Apache-2.0
/** What a product's releases need before they are signed, as its maker writes it down. */

import {
  list,
  optional,
  record,
  type Shape,
  type TypeOf,
  text,
  whole,
  word,
  yesNo,
} from '#core/policy/document/shape.ts'
import { roleForm } from '#format/release/approval-statement.ts'
import {
  type ReleaseEnvironment,
  type ReleaseKind,
  releaseKinds,
} from '#format/release/manifest.ts'

/** What an SBOM has to say of each component; each word asks for all that the ones before it ask. */
export const sbomDegrees = ['attached', 'complete', 'supported'] as const
export type SbomDegree = (typeof sbomDegrees)[number]

/** What has to be known of vulnerabilities, the least first. */
export const vexDegrees = ['attached', 'settled'] as const

/** So many people agree to a production release at least, whatever a policy says. */
export const fewestForProduction = 2

const checksShape = record('which checks have to pass', {
  scan: optional(
    record('every artefact was scanned and is clean', {
      atMostDays: whole('how old a scan may be when the release is judged', 1, 3_650),
      here: yesNo(
        'only scans of images that were sent to this server; false: also those that were noted from elsewhere, which are the word of who sent them',
      ),
      rules: optional(text('the version of the rules that has to have looked', 40)),
    }),
  ),
  sbom: optional(
    word(
      'an SBOM that names each artefact; complete: with the NTIA attributes of each component; supported: and its support level and end',
      sbomDegrees,
    ),
  ),
  vex: optional(
    word(
      'a statement about known vulnerabilities (VEX); settled: and none of them is left open',
      vexDegrees,
    ),
  ),
  provenance: optional(
    record('a statement of where each artefact was built', {
      builders: optional(list('the builders that are believed', text('a builder id', 500), 1, 50)),
    }),
  ),
  tests: optional(yesNo('a reference to at least one test, and none that failed')),
  securityVersionRises: optional(
    yesNo('a security release has a higher security version than the one before it'),
  ),
  supportUntil: optional(yesNo('until when devices that run it are supported')),
  originKnown: optional(
    yesNo('whoever made the release and its parts signed in, or was a machine of its own'),
  ),
})

const approvalsShape = record('who has to agree', {
  people: whole('how many people, each counted once', 1, 10),
  roles: optional(
    list(
      'roles that have to be among them',
      record('one role', {
        role: text('the role of an approver key', 40, {
          pattern: roleForm.source,
          form: 'a word of small letters, such as quality',
        }),
        people: whole('how many of them', 1, 10),
      }),
      1,
      10,
    ),
  ),
})

const emergencyShape = record('that one approval may do, with its own evidence', {
  reviewHours: whole('within how many hours others have to have reviewed it', 1, 720),
  longestHours: whole('for how long at most it may be signed on one approval', 1, 168),
})

const demandShape = record('what is asked', {
  checks: checksShape,
  approvals: approvalsShape,
  emergency: optional(emergencyShape),
})

const kindsShape = record(
  'another demand for releases of a kind, whole, in the place of the one above',
  {
    security: optional(demandShape),
    feature: optional(demandShape),
    configuration: optional(demandShape),
  } satisfies Record<ReleaseKind, Shape>,
)

const environmentShape = record('what is asked in an environment', {
  checks: checksShape,
  approvals: approvalsShape,
  emergency: optional(emergencyShape),
  kinds: optional(kindsShape),
})

export const policyShape = record('a signing policy', {
  format: whole('the format of this document', 1, 1),
  trial: environmentShape,
  test: environmentShape,
  production: environmentShape,
} satisfies Record<'format' | ReleaseEnvironment, Shape>)

export type PolicyRules = TypeOf<typeof policyShape>
export type CheckDemands = TypeOf<typeof checksShape>
export type ApprovalDemands = TypeOf<typeof approvalsShape>
export type EmergencyDemands = TypeOf<typeof emergencyShape>
/** What is asked of one release. */
export type Demand = TypeOf<typeof demandShape>

/** What a policy asks of releases of one environment and kind. */
export function demandOf(
  rules: PolicyRules,
  environment: ReleaseEnvironment,
  kind: ReleaseKind,
): Demand {
  const { kinds, ...usual } = rules[environment]
  return kinds?.[kind] ?? usual
}

/** Every demand of a policy with where it stands. */
export function* demandsOf(
  rules: PolicyRules,
): Generator<{ readonly environment: ReleaseEnvironment; readonly kind: ReleaseKind } & Demand> {
  for (const environment of ['trial', 'test', 'production'] as const)
    for (const kind of releaseKinds)
      yield { environment, kind, ...demandOf(rules, environment, kind) }
}

/**
 * What holds until somebody says otherwise. For real devices nearly all that can be checked: whoever cannot fulfil a
 * part of it lowers it by a logged act of two people, and it stands in the evidence.
 */
export const usualRules: PolicyRules = {
  format: 1,
  trial: {
    checks: { scan: { atMostDays: 30, here: false } },
    approvals: { people: 1 },
  },
  test: {
    checks: { scan: { atMostDays: 30, here: false }, sbom: 'attached' },
    approvals: { people: 1 },
  },
  production: {
    checks: {
      scan: { atMostDays: 30, here: true },
      ...{ sbom: 'supported', vex: 'attached', provenance: {}, tests: true },
      ...{ securityVersionRises: true, supportUntil: true, originKnown: true },
    },
    approvals: { people: fewestForProduction },
    emergency: { reviewHours: 72, longestHours: 24 },
  },
}
