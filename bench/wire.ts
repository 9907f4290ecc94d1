// SPDX-License-Identifier: Apache-2.0
/** What one enrolment and one renewal cost on the wire: payload of TCP, with handshake and HTTP. */
import { bytesOfEnrolment } from '../test/support/enrolment-bytes.ts'
import { openTestHouse, withProduct } from '../test/support/house.ts'
import type { Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

const cases = [
  ['p-256, X25519', 'p-256', 'X25519'],
  ['p-256, X25519MLKEM768', 'p-256', undefined],
  ['ml-dsa-65, X25519MLKEM768', 'ml-dsa-65', undefined],
] as const

export async function benchWire(): Promise<Row[]> {
  const house = await openTestHouse(undefined, {}, ['--twin'])
  try {
    const product = await withProduct(house)
    const rows: Row[] = []
    for (const [name, algorithm, group] of cases) {
      const { toServer, toClient, renewal } = await bytesOfEnrolment(
        ...[house, product, algorithm, group],
      )
      rows.push({
        ...{ name: `on the wire: enrolment, ${name}`, value: toServer + toClient, unit: 'bytes' },
        note: `${toServer} from the device, ${toClient} to it; a renewal ${renewal.toServer} and ${renewal.toClient}`,
      })
    }
    return rows
  } finally {
    await house.stop()
  }
}

if (import.meta.main) printRows(await benchWire())
