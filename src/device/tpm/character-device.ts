// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises'
import { maxTpmBytes } from '#format/tpm/reader.ts'
import type { RawLink } from './link.ts'

/**
 * A TPM behind the kernel: `/dev/tpmrm0`, whose resource manager gives each who opens it a TPM of his own.
 *
 * One write is one command, and one read its whole answer. A read that hangs cannot be called back; the thread that
 * it holds is lost until the kernel gives up.
 */
export async function openCharacterDevice(path: string): Promise<RawLink> {
  const device = await open(path, 'r+')
  return {
    async send(command) {
      const { bytesWritten } = await device.write(command, 0, command.length, null)
      if (bytesWritten !== command.length)
        throw new Error(`took ${bytesWritten} of ${command.length} octets`)
      const answer = new Uint8Array(maxTpmBytes)
      const { bytesRead } = await device.read(answer, 0, answer.length, null)
      return answer.slice(0, bytesRead)
    },
    close: () => device.close(),
  }
}
