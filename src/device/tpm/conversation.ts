// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import type { TpmCommand } from '#format/tpm/command/command.ts'
import { exchange } from '#format/tpm/command/exchange.ts'
import { flushContext } from '#format/tpm/command/objects.ts'
import { TpmError } from '#format/tpm/return-code.ts'
import { DeviceFault } from '../fault.ts'
import { shownTpmAddress, type TpmAddress } from './address.ts'
import { openTpmLink } from './link.ts'

/** One visit to a TPM. */
export interface TpmVisit {
  /** @throws TpmError if the TPM says no, DeviceFault for whatever else goes wrong */
  ask<T>(command: TpmCommand<T>): Promise<T>
  /** Has a loaded object or session dropped when the visit ends, however it ends. */
  dropAtEnd(handle: number): void
  /** Drops one of those now: where nobody manages it, a TPM has room for three, those that are in use included. */
  drop(handle: number): Promise<void>
}

/** How long a TPM that asks to be asked again is waited for, and how often. */
const pauseMilliseconds = 200
const mostAttempts = 50

/**
 * Visits a TPM: opens a way, and closes it at the end, so that others who share the TPM have their turn.
 *
 * @throws DeviceFault `tpm-refused` for a "no" that nobody inside took, `tpm-locked` for a TPM that is locked
 */
export async function visitTpm<T>(
  address: TpmAddress,
  act: (visit: TpmVisit) => Promise<T>,
): Promise<T> {
  const link = openTpmLink(address)
  const loaded = new Set<number>()
  const ask = async <A>(command: TpmCommand<A>): Promise<A> => {
    try {
      return await exchange(link.transport, command, async (attempt) => {
        await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds))
        return attempt < mostAttempts
      })
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause
      const where = shownTpmAddress(address)
      throw new DeviceFault(
        'tpm-answer-wrong',
        `the TPM at ${where} answers ${command.name} wrongly: ${cause.message}`,
        { cause },
      )
    }
  }
  try {
    return await act({
      ask,
      dropAtEnd: (handle) => void loaded.add(handle),
      async drop(handle) {
        if (loaded.delete(handle)) await dropQuietly(ask, handle)
      },
    })
  } catch (error) {
    throw inDeviceWords(error)
  } finally {
    for (const handle of loaded) await dropQuietly(ask, handle)
    await link.close()
  }
}

function inDeviceWords(error: unknown): unknown {
  if (!(error instanceof TpmError)) return error
  const isLocked = error.returnCode.name === 'TPM_RC_LOCKOUT'
  return new DeviceFault(isLocked ? 'tpm-locked' : 'tpm-refused', error.message, { cause: error })
}

/** What cannot be dropped now is gone when the way is closed, or the machine starts anew. */
async function dropQuietly(ask: TpmVisit['ask'], handle: number): Promise<void> {
  try {
    await ask(flushContext(handle))
  } catch (error) {
    if (!(error instanceof TpmError || error instanceof DeviceFault)) throw error
  }
}

/** Whether a TPM says that nothing is at a handle. */
export function isNothingThere(error: unknown): boolean {
  return (
    error instanceof TpmError &&
    ['TPM_RC_HANDLE', 'TPM_RC_VALUE', 'TPM_RC_REFERENCE_H0'].includes(error.returnCode.name)
  )
}
