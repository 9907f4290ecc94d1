// SPDX-License-Identifier: Apache-2.0
import {
  type Demand,
  demandOf,
  demandsOf,
  type PolicyRules,
  sbomDegrees,
  vexDegrees,
} from './rules.ts'

/** One thing that a demand says, and whether another says less. */
interface Comparison {
  /** For people: `the scan`. */
  readonly what: string
  /** In words where `after` asks less than `before`; undefined: it asks as much or more. */
  less(before: Demand, after: Demand): string | undefined
}

const dropped = 'is not asked any more'

/** All that a policy can ask, each with what asks less; a demand that is added is one row. */
const comparisons: readonly Comparison[] = [
  {
    what: 'the scan',
    less: ({ checks: { scan: before } }, { checks: { scan: after } }) => {
      if (before === undefined) return undefined
      if (after === undefined) return dropped
      if (before.here && !after.here) return 'may be one that was made elsewhere'
      if (after.atMostDays > before.atMostDays)
        return `may be ${after.atMostDays} days old instead of ${before.atMostDays}`
      // Another version of the rules is as good as the maker says; none at all is less.
      return before.rules !== undefined && after.rules === undefined
        ? 'may be by any version of the rules'
        : undefined
    },
  },
  {
    what: 'the SBOM',
    less: ({ checks: { sbom: before } }, { checks: { sbom: after } }) =>
      lesser(sbomDegrees, before, after),
  },
  {
    what: 'the VEX statement',
    less: ({ checks: { vex: before } }, { checks: { vex: after } }) =>
      lesser(vexDegrees, before, after),
  },
  {
    what: 'the provenance',
    less: ({ checks: { provenance: before } }, { checks: { provenance: after } }) => {
      if (before === undefined) return undefined
      if (after === undefined) return dropped
      if (before.builders === undefined) return undefined
      const { builders } = before
      const added = after.builders?.filter((one) => !builders.includes(one))
      if (added === undefined) return 'may be of any builder'
      return added.length > 0 ? `may be of ${added.join(', ')}, too` : undefined
    },
  },
  ...(
    [
      ['tests', 'the reference to tests'],
      ['securityVersionRises', 'the rise of the security version'],
      ['supportUntil', 'the end of support'],
      ['originKnown', 'that makers are known'],
    ] as const
  ).map(([name, what]) => ({
    what,
    less: (before: Demand, after: Demand) =>
      before.checks[name] === true && after.checks[name] !== true ? dropped : undefined,
  })),
  {
    what: 'the number of people',
    less: ({ approvals: before }, { approvals: after }) =>
      after.people < before.people ? `falls from ${before.people} to ${after.people}` : undefined,
  },
  {
    what: 'the roles of those who agree',
    less: ({ approvals: before }, { approvals: after }) => {
      const fewer = before.roles?.find(
        ({ role, people }) => (after.roles?.find((one) => one.role === role)?.people ?? 0) < people,
      )
      return fewer && `need fewer of ${fewer.role}`
    },
  },
  {
    what: 'the way for emergencies',
    less: ({ emergency: before }, { emergency: after }) => {
      if (after === undefined) return undefined
      if (before === undefined) return 'is opened'
      if (after.reviewHours > before.reviewHours)
        return `leaves ${after.reviewHours} hours for the review instead of ${before.reviewHours}`
      return after.longestHours > before.longestHours
        ? `is open for ${after.longestHours} hours instead of ${before.longestHours}`
        : undefined
    },
  },
]

/** In words where the degree falls. */
function lesser<W extends string>(
  degrees: readonly W[],
  before: W | undefined,
  after: W | undefined,
): string | undefined {
  if (before === undefined) return undefined
  if (after === undefined) return dropped
  return degrees.indexOf(after) < degrees.indexOf(before)
    ? `has to be ${after} only, and was to be ${before}`
    : undefined
}

/** What a policy would ask less than the one before it, a line each; empty: nothing. */
export function loweredBy(before: PolicyRules, after: PolicyRules): readonly string[] {
  const lines: string[] = []
  for (const { environment, kind, ...was } of demandsOf(before)) {
    const is = demandOf(after, environment, kind)
    for (const { what, less } of comparisons) {
      const words = less(was, is)
      if (words !== undefined) lines.push(`${environment}, ${kind}: ${what} ${words}`)
    }
  }
  return lines
}
