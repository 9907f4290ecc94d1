// SPDX-License-Identifier: Apache-2.0
import { rooms } from '#format/admin/load-operation.ts'
import { type OperationName, operationOf, operations } from '#format/admin/operations.ts'

const head = `// SPDX-License-Identifier: Apache-2.0
/** Made by scripts/write-catalogue.ts. */
import type { Room } from './load-operation.ts'
import type { DoorName, Operation, OperationKind } from './operation.ts'
import type { OperationName } from './operations.ts'

/** What lists of commands say of an operation, its route, and the room that has its row. */
export interface CatalogueRow
  extends Pick<
    Operation,
    'method' | 'path' | 'ofTheMoment' | 'ofPrograms' | 'uploadType' | 'bodyBytes'
  > {
  readonly room: Room
  readonly kind: OperationKind
  /** Its head may be asked for alone. */
  readonly hasHead?: true
  /** Where it can be reached; absent: at every door. */
  readonly doors?: readonly DoorName[]
  readonly summary: string
}

/**
 * Every operation in the order of the table, without what it takes and answers.
 *
 * Made from the table, because a row there is a schema: whoever wants to know what there is would load all of them.
 */
export const catalogue: Readonly<Record<OperationName, CatalogueRow>> = {
`

/** The text of src/format/admin/catalogue.ts, as the formatter leaves it. */
export async function catalogueText(): Promise<string> {
  const roomOf = new Map<string, string>()
  for (const [room, load] of Object.entries(rooms)) {
    for (const name of Object.keys(await load())) roomOf.set(name, room)
  }
  const rows = (Object.keys(operations) as OperationName[]).map((name) => {
    const row = operationOf(name)
    const { kind, method, path, heads, ofTheMoment, ofPrograms } = row
    const { uploadType, bodyBytes, doors, summary } = row
    const room = roomOf.get(name)
    if (room === undefined) throw new TypeError(`${name} is in no room of load-operation.ts`)
    const key = /^\w+$/.test(name) ? name : quoted(name)
    const members = [
      `room: ${quoted(room)}`,
      `kind: ${quoted(kind)}`,
      `method: ${quoted(method)}`,
      `path: ${quoted(path)}`,
      ...(heads === undefined || method !== 'GET' ? [] : ['hasHead: true']),
      ...(ofTheMoment === undefined ? [] : ['ofTheMoment: true']),
      ...(ofPrograms === undefined ? [] : ['ofPrograms: true']),
      ...(uploadType === undefined ? [] : [`uploadType: ${quoted(uploadType)}`]),
      ...(bodyBytes === undefined ? [] : [`bodyBytes: ${spaced(bodyBytes)}`]),
      ...(doors === undefined ? [] : [`doors: [${doors.map(quoted).join(', ')}]`]),
      `summary: ${quoted(summary)}`,
    ]
    return `  ${key}: {\n${members.map((member) => `    ${member},\n`).join('')}  },\n`
  })
  return `${head}${rows.join('')}}\n`
}

/** As the house writes large numbers. */
function spaced(count: number): string {
  return count.toLocaleString('en').replaceAll(',', '_')
}

function quoted(text: string): string {
  return text.includes("'") ? `"${text}"` : `'${text}'`
}
