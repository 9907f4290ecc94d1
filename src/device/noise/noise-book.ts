// SPDX-License-Identifier: Apache-2.0
import { type Files, replace } from '../state/files.ts'
import { fileOf } from '../state/state.ts'

/** What this device remembers of its raw source from one test to the next. */
export interface NoiseBook {
  /** How often the tests failed here. */
  readonly failures: number
  /** SHA-256 of the samples of the last test, 64 lower-case hex digits; undefined: there was none. */
  readonly lastSha256: string | undefined
}

const mostFailures = 65_535

/** One that does not read is begun anew: it holds up no key. */
export function readNoiseBook(files: Files): NoiseBook {
  const bytes = files.read(fileOf.noise)
  const text = bytes === undefined ? '' : new TextDecoder().decode(bytes)
  const [, failures = '0', lastSha256] =
    /^failures=(\d{1,5})\nlast=([0-9a-f]{64})?\n$/.exec(text) ?? []
  return { failures: Math.min(Number(failures), mostFailures), lastSha256 }
}

export function writeNoiseBook(files: Files, { failures, lastSha256 = '' }: NoiseBook): void {
  const counted = Math.min(failures, mostFailures)
  replace(files, fileOf.noise, `failures=${counted}\nlast=${lastSha256}\n`)
}
