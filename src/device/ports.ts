// SPDX-License-Identifier: Apache-2.0
import type { NoisePorts } from './noise/machine.ts'
import type { Programs } from './programs/bring.ts'
import type { Files } from './state/files.ts'

export interface Chance {
  /** A fresh number, at least 0 and less than 1. */
  fraction(): number
}

/** What the device's work asks of the machine that it runs on. */
export interface DevicePorts {
  readonly files: Files
  /** The machine's clock; it may be wrong, or stand at 1970. */
  readonly clock: { now(): Temporal.Instant }
  readonly chance: Chance
  /** Rejects only if the work is to end. */
  wait(span: Temporal.Duration): Promise<void>
  /** One line of progress for a person, lower case. */
  say(line: string): void
  readonly limits: NetworkLimits
  /** Absent: nobody else on the machine uses the identity. */
  readonly programs?: Programs
  /** Absent: the sources of this very machine. */
  readonly noise?: NoisePorts
}

/** What one exchange with a server may cost. */
export interface NetworkLimits {
  readonly connectMilliseconds: number
  readonly answerMilliseconds: number
  /** Largest body of an answer; a bag of ten ML-DSA-87 certificates in base64 is about 100 kB. */
  readonly answerBytes: number
}

export const networkLimits: NetworkLimits = {
  connectMilliseconds: 20_000,
  answerMilliseconds: 60_000,
  answerBytes: 262_144,
}
