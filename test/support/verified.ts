// SPDX-License-Identifier: Apache-2.0
/** What an auditor finds in the log of a running house and the records that it tells of. */
import assert from 'node:assert/strict'
import { verifyExport } from '#trust/tlog/verify-export.ts'
import type { TestHouse } from './house.ts'

/**
 * Demands that log and ledger match one to one, and that a forger who changes a record of this kind, or adds one
 * that is not in the log, is found.
 */
export async function assertTold(house: TestHouse, kind: string): Promise<void> {
  const chunks = await Array.fromAsync(house.exportLog())
  const lines = Buffer.concat(chunks).toString().trimEnd().split('\n')
  const { key } = JSON.parse(lines[0]!)
  const check = async (changed: readonly string[]) => {
    async function* stream() {
      yield new TextEncoder().encode(changed.map((line) => `${line}\n`).join(''))
    }
    const { findings } = await verifyExport(stream(), { key })
    return findings.map(({ code }) => code)
  }
  assert.deepEqual(await check(lines), [])
  const at = lines.findIndex((line) => line.includes(`"kind":"${kind}"`))
  assert.ok(at > 0, `no ${kind} is exported`)
  const record = JSON.parse(lines[at]!)
  const column = Object.keys(record.columns).find((name) => record.columns[name] !== null)!
  const forged = { ...record, columns: { ...record.columns, [column]: 'forged' } }
  assert.deepEqual(await check(lines.with(at, JSON.stringify(forged))), ['record-changed'])
  const added = JSON.stringify({ ...record, id: record.id.replace(/.$/, '~') })
  assert.ok((await check(lines.toSpliced(at + 1, 0, added))).includes('record-without-event'))
}
