// SPDX-License-Identifier: Apache-2.0
import { type BudgetName, budgetRows } from '#core/scan/walk/budgets.ts'
import { own } from './argument.ts'
import type { OfflineWords } from './offline-command.ts'

/** The options that change what a scan may cost, by the budget. */
export const budgetArguments = (Object.keys(budgetRows) as BudgetName[]).map((name) => ({
  name,
  argument: own(`most-${name}`, budgetRows[name].says, {
    ...{ kind: 'number', flag: budgetRows[name].flag, fallback: budgetRows[name].standard },
    placeholder: 'N',
  }),
}))

export const scanCommand: OfflineWords = {
  summary: 'look for keys, passwords and open doors in images and trees',
  help: 'Looks inside archives, file systems and update bundles, whatever their names, and needs no server. Exit status 0: nothing at or above --fail-on was found and all was looked into; 1: something was, or could not be looked into. A baseline holds what somebody answers for. No secret is ever shown. With --data or --server each key is held against the inventory.',
  arguments: [
    own('path', 'a file or directory', {
      ...{ kind: 'list', how: 'position', required: true, placeholder: 'PATH' },
    }),
    own('baseline', 'the findings that somebody answers for', {
      ...{ kind: 'text', placeholder: 'FILE' },
    }),
    own('writeBaseline', 'write a baseline that accepts what is found now; needs --because', {
      ...{ kind: 'text', placeholder: 'FILE' },
    }),
    own('because', 'with --write-baseline: why it is accepted', {
      ...{ kind: 'text', placeholder: 'TEXT' },
    }),
    own('by', 'with --write-baseline: who answers for it (the user of this machine)', {
      ...{ kind: 'text', placeholder: 'NAME' },
    }),
    own('until', 'with --write-baseline: the last day that it counts (in 90 days)', {
      ...{ kind: 'text', placeholder: 'DATE' },
    }),
    own('failOn', 'the least that ends with status 1', {
      ...{ kind: 'choice', choices: ['critical', 'warning', 'notice', 'never'] },
      ...{ fallback: 'warning', placeholder: 'SEVERITY' },
    }),
    own('allowUnscanned', 'let what could not be looked into pass', { kind: 'boolean' }),
    own('sarif', 'write the findings to this file, too, as SARIF 2.1.0', {
      ...{ kind: 'text', placeholder: 'FILE' },
    }),
    own('record', 'note the result in the installation of --data or --server', {
      kind: 'boolean',
    }),
    own('product', 'with --record: the product whose image it is', {
      ...{ kind: 'text', placeholder: 'PRODUCT' },
    }),
    ...budgetArguments.map(({ argument }) => argument),
  ],
}
