// SPDX-License-Identifier: Apache-2.0
/**
 * Which records of the ledger the log must know, and by which events: what makes ledger and log match
 * one to one. The export follows this table and the verifier demands it.
 */
export interface RecordRule {
  /** The prefix of the kind's ids. An event is about the record that its first subject names. */
  readonly prefix: string
  /**
   * State -> the histories that lead to it: events of the types named in this table, in the order of
   * the log. `any` is the row of a kind without states. A state without a row is not exported.
   */
  readonly states: Readonly<Record<string, readonly (readonly string[])[]>>
  /**
   * Event type -> the columns of the record that the event binds: by its further subjects, in order
   * (null: a subject that is no column), and by those of its facts that bear a column's name.
   */
  readonly binds: Readonly<Record<string, Binding>>
}

export interface Binding {
  readonly subjects: readonly (string | null)[]
  readonly facts: readonly string[]
}

const issued = 'certificate-issued'
const madeAuthority = [['authority-made'], ['authority-trusted']] as const

export const recordRules: Readonly<Record<string, RecordRule>> = {
  authority: {
    prefix: 'aut',
    states: { active: madeAuthority, 'issuing-stopped': madeAuthority, retired: madeAuthority },
    binds: {},
  },
  certificate: {
    prefix: 'crt',
    states: {
      // A reserved one has no event yet: booking is a row, the deed is an event.
      abandoned: [['certificate-abandoned']],
      issued: [[issued]],
      retired: [[issued, 'certificate-retired']],
      revoked: [
        [issued, 'certificate-revoked'],
        [issued, 'certificate-retired', 'certificate-revoked'],
      ],
    },
    binds: {
      [issued]: {
        subjects: ['owner', 'authority', 'key'],
        facts: ['serialNumber', 'sha256', 'subject', 'notAfter'],
      },
      'certificate-abandoned': { subjects: ['owner', 'authority'], facts: ['serialNumber'] },
      'certificate-revoked': { subjects: [], facts: [] },
    },
  },
}

/** Every event type that the rule of a kind speaks of. */
export function eventTypesOf(rule: RecordRule): ReadonlySet<string> {
  return new Set(Object.values(rule.states).flat(2))
}

/** The columns that the export shows of a record in this state, sorted; undefined: not exported. */
export function boundColumns(
  rule: RecordRule,
  state: string | null,
): readonly string[] | undefined {
  const key = state ?? 'any'
  if (!Object.hasOwn(rule.states, key)) return undefined
  const columns = (rule.states[key] ?? []).flat().flatMap((type) => {
    const binding = Object.hasOwn(rule.binds, type) ? rule.binds[type] : undefined
    return binding === undefined ? [] : [...binding.subjects, ...binding.facts]
  })
  return [...new Set(columns)].filter((column) => column !== null).sort()
}
