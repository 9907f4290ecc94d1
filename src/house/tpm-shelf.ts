// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '#core/fault.ts'
import type { Randomness } from '#core/ports.ts'
import { writeNewFile } from '#edge/keystore/atomic-file.ts'
import { isKeyId } from '#edge/keystore/key-directory.ts'
import type { TpmShelf } from '#edge/tpm/tpm-backend.ts'

const suffix = '.pem'

/** The files of keys that the TPM of this machine made, in a directory of their own. */
export async function openTpmShelf(directory: string, random: Randomness): Promise<TpmShelf> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const pathOf = (keyId: string) => {
    if (!isKeyId(keyId)) throw new TypeError(`${keyId} cannot name a file`)
    return join(directory, keyId + suffix)
  }
  return {
    async ids() {
      const names = await readdir(directory)
      return names
        .filter((name) => name.endsWith(suffix))
        .map((name) => name.slice(0, -suffix.length))
        .filter(isKeyId)
        .sort()
    },
    async read(keyId) {
      try {
        return await readFile(pathOf(keyId), 'latin1')
      } catch (cause) {
        if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
        throw new Fault('store-unreachable', `cannot read the file of key ${keyId}`, { cause })
      }
    },
    write: (keyId, text) => writeNewFile(pathOf(keyId), new TextEncoder().encode(text), random),
  }
}
