// SPDX-License-Identifier: Apache-2.0
import { type Epochs, isJudged } from '#core/ledger/judged-kinds.ts'
import { eventStep, type Step } from './book/packing.ts'
import { kinds } from './schema/schema.ts'

/** Whether a change may change what releases were judged by. */
export function changesJudged(steps: readonly Step[]): boolean {
  return steps.some(({ kind, row }) => kind !== eventStep && isJudged(kinds[kind]!, Number(row[1])))
}

/** The epochs of a database that only this process writes: they begin with it. */
export class OwnEpochs implements Epochs {
  #number = 0

  now(): Promise<string> {
    return Promise.resolve(String(this.#number))
  }

  /** Writes by `write`; whoever hears that it is written finds another epoch. */
  async around<T>(steps: readonly Step[], write: (steps: readonly Step[]) => Promise<T>) {
    try {
      return await write(steps)
    } finally {
      if (changesJudged(steps)) this.#number++
    }
  }
}
