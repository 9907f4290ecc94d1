// SPDX-License-Identifier: Apache-2.0
/** A finder of planted marks: what a walk gives it, and with which path and offset, is seen by what it finds. */
import type { Finders } from '#core/scan/finding.ts'

/** A mark is this and 16 hexadecimal digits. */
const beginning = Buffer.from('planted:')
const markOctets = 24

export function openFinders(): Finders {
  return {
    open(_file, reporter) {
      let tail = Buffer.alloc(0)
      let tailAt = 0
      const look = (text: Buffer, from: number) => {
        for (let at = text.indexOf(beginning); at >= 0; at = text.indexOf(beginning, at + 1)) {
          const mark = text.toString('latin1', at, at + markOctets)
          if (!/^planted:[0-9a-f]{16}$/.test(mark)) continue
          reporter.finding({
            ...{ rule: 'planted-mark', severity: 'critical', confidence: 'certain' },
            ...{ offset: from + at, what: mark, identity: mark.slice(8) },
          })
        }
      }
      return {
        take(piece, at) {
          const joined = tailAt + tail.length === at ? tail : Buffer.alloc(0)
          const seam = Buffer.concat([joined, piece.subarray(0, markOctets - 1)])
          if (joined.length > 0) look(seam, tailAt)
          look(Buffer.from(piece.buffer, piece.byteOffset, piece.length), at)
          tail = Buffer.from(piece.subarray(-(markOctets - 1)))
          tailAt = at + piece.length - tail.length
        },
        end: () => undefined,
      }
    },
  }
}
