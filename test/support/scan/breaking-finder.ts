// SPDX-License-Identifier: Apache-2.0
/** The finder of marks, which ends the whole thread at a file that asks for it. */
import type { Finders } from '#core/scan/finding.ts'
import { openFinders as openMarks } from './mark-finder.ts'

export function openFinders(): Finders {
  const marks = openMarks()
  return {
    open(file, reporter) {
      if (new TextDecoder().decode(file.head) === 'break the thread') process.exit(1)
      return marks.open(file, reporter)
    },
  }
}
