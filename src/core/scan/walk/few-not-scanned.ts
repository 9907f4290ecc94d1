// SPDX-License-Identifier: Apache-2.0
import type { Finding } from '../finding.ts'
import type { NotScanned, NotScannedReason } from '../not-scanned.ts'
import type { FoundClue, Scope, WalkReporter } from './scope.ts'

/** Of one reason in one outermost file. Whoever reads more of them has stopped reading. */
const most = 256

/** Passes on what is told, but not what is not scanned a thousand times over; how much more there was is told. */
export class FewNotScanned implements WalkReporter {
  readonly #to: WalkReporter
  readonly #counts = new Map<NotScannedReason, number>()

  constructor(to: WalkReporter) {
    this.#to = to
  }

  finding(finding: Finding): void {
    this.#to.finding(finding)
  }

  clue(clue: FoundClue): void {
    this.#to.clue(clue)
  }

  notScanned(notScanned: NotScanned): void {
    const count = (this.#counts.get(notScanned.reason) ?? 0) + 1
    this.#counts.set(notScanned.reason, count)
    if (count <= most) this.#to.notScanned(notScanned)
  }

  /** @param top the outermost file */
  end(top: Scope): void {
    for (const [reason, count] of this.#counts) {
      if (count <= most) continue
      const because = `${count - most} more parts of it were not scanned because they are ${reason}`
      this.#to.notScanned({ kind: 'not-scanned', reason, path: top.path, offset: null, because })
    }
  }
}
