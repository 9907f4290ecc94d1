// SPDX-License-Identifier: Apache-2.0
import { paging } from '#format/admin/fields.ts'
import { loadOperation } from '#format/admin/load-operation.ts'
import type { OperationName } from '#format/admin/operations.ts'
import { argumentsOf } from './argument.ts'
import { besideKind, besideOperation } from './beside.ts'
import type { CommandDetails } from './commands.ts'
import { examples } from './examples.ts'

/** What the command of a row takes and does: all that the row says, and what the command line adds to it. */
export async function rowDetails(operation: OperationName): Promise<CommandDetails> {
  const row = await loadOperation(operation)
  const beside = besideOperation[operation]
  const changes = beside?.otherwise ?? []
  const all = [
    ...argumentsOf(row),
    ...(besideKind[row.kind]?.arguments ?? []),
    ...(beside?.arguments ?? []),
  ]
  return {
    help: beside?.help === undefined ? row.help : `${row.help} ${beside.help}`,
    arguments: all
      .map((one) => ({ ...one, ...changes.find(({ name }) => name === one.name) }))
      // Paging comes after what is asked for.
      .sort((one, other) => Number(one.name in paging) - Number(other.name in paging)),
    examples: examples[operation.replace('.', ' ')] ?? [],
  }
}
