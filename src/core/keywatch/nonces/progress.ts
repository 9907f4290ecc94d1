// SPDX-License-Identifier: Apache-2.0
import { newId } from '#core/ledger/ids.ts'
import type { Ledger, Put } from '#core/ledger/ledger.ts'
import type { LedgerRecord } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'

const settingName = 'signature-watch'

/** What the walks go over: each in the order of its ids. */
export const walks = ['enrolment', 'evidence'] as const
export type Walk = (typeof walks)[number]

const marks = [...walks, 'table'] as const

/**
 * Where each walk goes on; absent: at the beginning. `table` names the table of small nonces that all signatures were
 * held against.
 */
export type Cursors = Readonly<Partial<Record<(typeof marks)[number], string>>>

export interface Progress {
  readonly record: LedgerRecord<'setting'> | undefined
  readonly cursors: Cursors
}

export async function readProgress(ledger: Ledger): Promise<Progress> {
  const record = await ledger.find('setting', 'name', [settingName])
  return { record, cursors: cursorsIn(record?.value) }
}

function cursorsIn(value: unknown): Cursors {
  if (typeof value !== 'object' || value === null) return {}
  const entries = Object.entries(value)
  return Object.fromEntries(
    marks.flatMap((mark) => {
      const cursor: unknown = entries.find(([name]) => name === mark)?.[1]
      return typeof cursor === 'string' ? [[mark, cursor] as const] : []
    }),
  )
}

/**
 * Moves the one record that everybody moves who books signatures.
 *
 * So of two who book at the same moment, on whichever nodes, one has seen what the other booked, or tries again: no
 * two signatures of one nonce pass each other by.
 */
export function progressPut(
  { record }: Progress,
  cursors: Cursors,
  ports: { readonly clock: Clock; readonly random: Randomness },
): Put {
  return {
    kind: 'setting',
    record: {
      id: record?.id ?? newId('setting', ports),
      version: (record?.version ?? 0) + 1,
      ...{ name: settingName, value: cursors, changedAt: ports.clock.now() },
    },
  }
}
