// SPDX-License-Identifier: Apache-2.0
import { makeFinders } from '#core/scan/finders.ts'
import type { Finders } from '#core/scan/finding.ts'

/** What the threads of a scan load: see `FinderModule`. */
export function openFinders(options: { readonly now: string }): Finders {
  return makeFinders({ now: Temporal.Instant.from(options.now) })
}
