// SPDX-License-Identifier: Apache-2.0
import { glance } from '#core/ledger/ledger.ts'
import type { SignatureRecord } from '#core/ledger/tables.ts'
import { bookAndAct } from './book-signatures.ts'
import { curveOf, lookCloser } from './look.ts'
import { progressPut, readProgress } from './progress.ts'
import type { WalkingPorts } from './walk-signatures.ts'

/** Of each only r is read: some 10 ms of the thread. */
const pageSize = 2_000

/**
 * Holds all signatures that are kept against the table of small nonces, if it is another one than the last time: what
 * came while the list was not there yet, or before it grew.
 *
 * One that is cut short begins anew, as does one whose findings could not be booked.
 */
export async function holdAgainstTable(ports: WalkingPorts, signal: AbortSignal): Promise<void> {
  const { ledger, nonceTable } = ports
  const table = nonceTable()
  if (table === '' || (await readProgress(ledger)).cursors.table === table) return
  let isWhole = true
  let after: string | null | undefined
  do {
    const page = await glance(
      'signature',
      ['id', 'r'],
      { limit: pageSize, ...(after && { after }) },
      ledger,
    )
    const suspects = page.items.filter((one) => ports.nonceOf(curveOf(one), one.r) !== undefined)
    if (suspects.length > 0) isWhole = (await follow(suspects, ports)) && isWhole
    await ports.pause(0)
    after = page.next
  } while (after !== null && !signal.aborted)
  if (signal.aborted || !isWhole) return
  const progress = await readProgress(ledger)
  const put = progressPut(progress, { ...progress.cursors, table }, ports)
  // Who books at the same moment moves the record; then the next run does this once more.
  await ledger.commit({ puts: [put], events: [] })
}

async function follow(
  suspects: readonly Pick<SignatureRecord, 'id'>[],
  ports: WalkingPorts,
): Promise<boolean> {
  const records = await Promise.all(suspects.map(({ id }) => ports.ledger.read('signature', id)))
  const whole = records.flatMap((one) => one ?? [])
  return (await bookAndAct(await lookCloser(whole, [], ports), ports)) !== undefined
}
