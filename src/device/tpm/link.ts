// SPDX-License-Identifier: Apache-2.0
import type { TpmTransport } from '#format/tpm/command/exchange.ts'
import { maxTpmBytes } from '#format/tpm/reader.ts'
import { DeviceFault } from '../fault.ts'
import { shownTpmAddress, type TpmAddress } from './address.ts'
import { openCharacterDevice } from './character-device.ts'
import { openSocket } from './socket.ts'

/** What a TPM may take for one command: RSA-4096 keys take minutes to make in slow chips. */
export const tpmAnswerMilliseconds = 300_000

/** A way to a TPM that takes one command at a time. */
export interface TpmLink {
  readonly transport: TpmTransport
  close(): Promise<void>
}

/** An open way, as the kinds of address make it: raw bytes there, raw bytes back. */
export interface RawLink {
  /** Rejects with the cause if the way is broken; after that it is of no use any more. */
  send(command: Uint8Array): Promise<Uint8Array>
  close(): Promise<void>
}

/**
 * Opens a way to a TPM when the first command is sent, and opens it anew after it broke.
 *
 * Commands wait for each other. One that gets no answer in time breaks the way: whatever comes later is not taken for
 * the answer to another command.
 *
 * The transport rejects with DeviceFault `tpm-unreachable`, `tpm-silent` or `tpm-answer-wrong`.
 */
export function openTpmLink(
  address: TpmAddress,
  answerMilliseconds: number = tpmAnswerMilliseconds,
): TpmLink {
  let raw: RawLink | undefined
  let last: Promise<unknown> = Promise.resolve()
  const drop = async () => {
    const broken = raw
    raw = undefined
    await broken?.close()
  }
  const ask = async (command: Uint8Array) => {
    raw ??= await open(address)
    try {
      const answer = await within(answerMilliseconds, address, raw.send(command))
      checkFrame(answer, address)
      return answer
    } catch (cause) {
      await drop()
      throw cause instanceof DeviceFault ? cause : unreachable(address, cause)
    }
  }
  return {
    transport(command) {
      const asked = last.then(() => ask(command))
      last = asked.catch(() => {})
      return asked
    },
    async close() {
      await last
      await drop()
    },
  }
}

async function open(address: TpmAddress): Promise<RawLink> {
  try {
    return address.kind === 'device'
      ? await openCharacterDevice(address.path)
      : await openSocket(address)
  } catch (cause) {
    throw unreachable(address, cause)
  }
}

function unreachable(address: TpmAddress, cause: unknown): DeviceFault {
  const why = cause instanceof Error ? cause.message.toLowerCase() : String(cause)
  const what = `cannot talk to the TPM at ${shownTpmAddress(address)}: ${why}`
  return new DeviceFault('tpm-unreachable', what, { cause })
}

function within<T>(milliseconds: number, address: TpmAddress, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const alarm = setTimeout(() => {
      const where = shownTpmAddress(address)
      reject(
        new DeviceFault(
          'tpm-silent',
          `the TPM at ${where} gave no answer within ${milliseconds} milliseconds`,
        ),
      )
    }, milliseconds)
    answer.then(resolve, reject).finally(() => clearTimeout(alarm))
  })
}

/** The header must tell how much there is: tag, size, code. The rest is for who asked. Part 1 section 18.3. */
function checkFrame(answer: Uint8Array, address: TpmAddress): void {
  const stated = statedOctets(answer)
  if (stated === answer.length && stated <= maxTpmBytes) return
  throw new DeviceFault(
    'tpm-answer-wrong',
    `the TPM at ${shownTpmAddress(address)} gave ${answer.length} octets and states ${stated ?? 'no size'}`,
  )
}

/** The size that an answer states; undefined before its header is there. */
export function statedOctets(answer: Uint8Array): number | undefined {
  if (answer.length < 10) return undefined
  return new DataView(answer.buffer, answer.byteOffset).getUint32(2)
}
