// SPDX-License-Identifier: Apache-2.0
import { Fault } from '#core/fault.ts'

/** The last line of a scan that came to no end. */
export interface RefusedLine {
  readonly kind: 'refused'
  readonly reason: 'busy' | 'store-full'
  readonly detail: string
}

/** Where one image after the other is scanned, since each takes all that the machine has. */
export class ScanDesk {
  #isBusy = false

  get isBusy(): boolean {
    return this.#isBusy
  }

  /**
   * The lines of a scan, which begins with the first that is read: whoever asked at the same moment, and came first,
   * has the desk. For want of space it ends with the line that says so.
   */
  async *lines<Line>(scan: () => AsyncIterable<Line>): AsyncGenerator<Line | RefusedLine> {
    if (this.#isBusy) {
      yield busy
      return
    }
    this.#isBusy = true
    try {
      yield* scan()
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'store-full') throw error
      yield full
    } finally {
      this.#isBusy = false
    }
  }
}

const busy: RefusedLine = {
  ...{ kind: 'refused', reason: 'busy' },
  detail: 'another image is being scanned here',
}

const full: RefusedLine = {
  ...{ kind: 'refused', reason: 'store-full' },
  detail:
    'the disk of the server is full, be it that of its data or that of temporary files (TMPDIR); nothing was recorded: free space, and have it scanned again',
}
