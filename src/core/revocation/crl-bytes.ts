// SPDX-License-Identifier: Apache-2.0
import { Sha256, sha256 } from '#trust/digest.ts'
import { Fault } from '../fault.ts'
import { newId } from '../ledger/ids.ts'
import { glance, type Ledger, type Put } from '../ledger/ledger.ts'
import type { CrlRecord } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'

/** A longer list is kept in parts of this size: none holds up the book, or whoever else reads, for long. */
export const partBytes = 1_048_576

interface PartPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/** The whole of a list, as it is served; undefined if its bytes are kept no more. */
export async function bytesOf(list: CrlRecord, ledger: Ledger): Promise<Uint8Array | undefined> {
  if (list.parts === null) return list.der.length === 0 ? undefined : list.der
  const parts: Uint8Array[] = []
  let length = 0
  for (let part = 0; part < list.parts; part++) {
    const found = await ledger.find('crlPart', 'part', [list.id, part])
    if (found === undefined)
      throw new Fault('ledger-damaged', `part ${part} of revocation list ${list.id} is missing`)
    if (found.bytes.length === 0) return undefined
    parts.push(found.bytes)
    length += found.bytes.length
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/**
 * Writes a great list before the record that names it: parts that a crash leaves without one are swept.
 *
 * @returns how many, and the digest of the whole; null, and nothing written, if it fits into its record
 */
export async function writeParts(
  crl: string,
  der: Uint8Array,
  ports: PartPorts,
): Promise<{ readonly parts: number | null; readonly sha256: Uint8Array }> {
  if (der.length <= partBytes) return { parts: null, sha256: sha256(der) }
  const digest = new Sha256()
  let part = 0
  for (let at = 0; at < der.length; at += partBytes, part++) {
    const bytes = der.subarray(at, at + partBytes)
    digest.take(bytes)
    const record = { id: newId('crlPart', ports), version: 1, crl, part, bytes, kept: crl }
    const done = await ports.ledger.commit({ puts: [{ kind: 'crlPart', record }], events: [] })
    if (done.kind === 'conflict')
      throw new Fault('store-unreachable', `part ${part} of a revocation list could not be written`)
  }
  return { parts: part, sha256: digest.finish() }
}

/** What empties a list: its record stays, so that its number is never used again. */
export function emptied(head: CrlHead): Put {
  return { kind: 'crl', record: { ...head, version: head.version + 1, der: new Uint8Array() } }
}

/** Empties the parts of a list, some at a time. */
export async function dropParts(crl: string, ledger: Ledger): Promise<void> {
  for (;;) {
    const query = { by: 'kept', equal: [crl], limit: 100 } as const
    const { items } = await glance('crlPart', ['id', 'version', 'crl', 'part'], query, ledger)
    if (items.length === 0) return
    const puts = items.map(({ id, version, part }): Put => {
      const record = { id, version: version + 1, crl, part, bytes: new Uint8Array(), kept: null }
      return { kind: 'crlPart', record }
    })
    // Of two that sweep at once, one does it.
    if ((await ledger.commit({ puts, events: [] })).kind === 'conflict') return
  }
}

/** A list without its bytes. */
export type CrlHead = Omit<CrlRecord, 'der'>

const headColumns = [
  ...(['id', 'version', 'authority', 'shard', 'number', 'thisUpdate', 'nextUpdate'] as const),
  ...(['issue', 'base', 'endedBefore', 'entries', 'sha256', 'parts'] as const),
] as const

/** The newest lists of one sequence, the newest first, without their bytes. */
export async function newestHeads(
  authority: string,
  shard: number,
  limit: number,
  ledger: Ledger,
): Promise<readonly CrlHead[]> {
  const query = { by: 'latest', equal: [authority, shard], descending: true, limit } as const
  return (await glance('crl', headColumns, query, ledger)).items
}
