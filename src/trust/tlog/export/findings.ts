// SPDX-License-Identifier: Apache-2.0
/** Everything that a check of an export can find, with the words that people read. */
export const findingCodes = {
  'checkpoint-malformed': 'the checkpoint is not one',
  'checkpoint-signature-wrong': "the checkpoint does not bear the log's signature",
  'earlier-checkpoint-wrong': "the earlier checkpoint is not one of this log's",
  'event-changed': 'an event is not what the log has committed to',
  'event-erased': "an event's body was erased; its commitment stands",
  'event-missing': 'an event is missing',
  'event-out-of-place': 'an event stands where it does not belong',
  'events-changed': 'one or more of these events are not what the log has committed to',
  'export-incomplete': 'the export is cut off or its counts do not hold',
  'history-differs': 'the events are not those that the earlier checkpoint was signed over',
  'key-differs': "the export names another key than the log's",
  'key-malformed': 'the key is not one',
  'key-not-given': 'the key was taken from the export itself: compare it with what you know',
  'line-malformed': 'a line cannot be read',
  'line-out-of-place': 'a line stands where it does not belong',
  'log-restored': 'the log was restored from a backup, and has another name since',
  'lost-time': 'the earlier checkpoint is of a time that a restore lost',
  'record-changed': 'a record says something else than its event',
  'record-missing': 'an event tells of a record that the ledger does not have',
  'record-out-of-place': 'a record stands twice or out of order',
  'record-unmatched': 'a record cannot be matched: events were erased',
  'record-without-event': "a record's state does not follow from the events about it",
  'rolled-back': 'the log is shorter than it was at the earlier checkpoint',
  'root-differs': 'the events do not give the signed tree hash',
  'tile-changed': 'a tile is not the one that the events give',
  'tile-missing': 'a tile is missing',
  'tile-out-of-place': 'a tile stands where it does not belong',
} as const

export type FindingCode = keyof typeof findingCodes

export interface Finding {
  /** `wrong`: the export, or the log behind it, was tampered with or is broken. `note`: to be known. */
  readonly severity: 'wrong' | 'note'
  readonly code: FindingCode
  /** What it is about, e.g. `event 12`, `record crt_…`, `tile 0/3`, `checkpoint`, `line 7`. */
  readonly about: string
  /** Lower case, both values. */
  readonly detail: string
}

/** Beyond this, findings of one severity are counted and not kept. */
const maxKept = 1000

/** Collects findings in bounded memory. */
export class Findings {
  readonly #kept: Finding[] = []
  readonly #counts = { wrong: 0, note: 0 }

  wrong(code: FindingCode, about: string, detail: string): void {
    this.#add({ severity: 'wrong', code, about, detail })
  }

  note(code: FindingCode, about: string, detail: string): void {
    this.#add({ severity: 'note', code, about, detail })
  }

  /** In the order in which they were found; at most 1,000 of each severity. */
  get kept(): readonly Finding[] {
    return this.#kept
  }

  /** How many there were, kept or not. */
  count(severity: Finding['severity']): number {
    return this.#counts[severity]
  }

  #add(finding: Finding): void {
    if (this.#counts[finding.severity]++ < maxKept) this.#kept.push(finding)
  }
}
