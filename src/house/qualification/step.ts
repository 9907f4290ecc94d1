// SPDX-License-Identifier: Apache-2.0
import type { Clock } from '#core/ports.ts'
import type { QualificationStep as Step } from '#format/admin/operations/qualification.ts'

export type { Step }

/** What one step is to show, and how it is seen. */
export interface Check {
  readonly title: string
  readonly expected: string
  /** True or false with what was seen; `noted` where there is no right or wrong. */
  see(): Promise<Seen> | Seen
}

export interface Seen {
  readonly verdict: Step['verdict']
  readonly observed: string
}

export function seen(isRight: boolean, observed: string): Seen {
  return { verdict: isRight ? 'passed' : 'failed', observed }
}

/** Does each check in turn; one that breaks has failed, and the next is done all the same. */
export async function* runChecks(checks: readonly Check[], clock: Clock): AsyncGenerator<Step> {
  for (const { title, expected, see } of checks) {
    const { verdict, observed } = await look(see)
    yield { title, expected, observed, verdict, at: clock.now().toString() }
  }
}

async function look(see: Check['see']): Promise<Seen> {
  try {
    return await see()
  } catch (error) {
    return seen(false, `it broke: ${error instanceof Error ? error.message : String(error)}`)
  }
}
