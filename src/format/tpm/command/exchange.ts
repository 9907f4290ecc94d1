// SPDX-License-Identifier: Apache-2.0
import { TpmError } from '../return-code.ts'
import type { TpmCommand } from './command.ts'

/**
 * Takes one command to a TPM and brings its answer back; rejects if none comes in time.
 *
 * Calls must not overlap: a TPM does one thing at a time.
 */
export type TpmTransport = (command: Uint8Array) => Promise<Uint8Array>

/** What to do while a TPM asks for the same command again: resolves when it may be asked, false to give up. */
export type TpmPatience = (attempt: number, error: TpmError) => Promise<boolean>

/** Without a clock: each time that the TPM is asked is a pause of its own. A self-test takes one or two of them. */
const askAgain: TpmPatience = async (attempt) => attempt < 8

/**
 * Asks a TPM and reads its answer.
 *
 * Only a warning that ends by itself is asked again: a locked TPM is left alone.
 *
 * @throws TpmError, FormatError, or what the transport throws
 */
export async function exchange<T>(
  transport: TpmTransport,
  command: TpmCommand<T>,
  patience: TpmPatience = askAgain,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const answer = await transport(command.bytes)
    try {
      return command.parse(answer)
    } catch (error) {
      if (!(error instanceof TpmError && error.passing)) throw error
      if (!(await patience(attempt, error))) throw error
    }
  }
}
