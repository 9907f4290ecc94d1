// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path'
import type { Randomness } from '#core/ports.ts'
import { openTpmLink } from '#device/tpm/link.ts'
import { TpmBackend } from '#edge/tpm/tpm-backend.ts'
import type { Report } from './closers.ts'
import type { TpmSetting } from './configuration.ts'
import { openTpmShelf } from './tpm-shelf.ts'

/** Making an RSA key takes a slow chip half a minute; a signature, a tenth of a second. */
const answerMilliseconds = 60_000

/** Opens the TPM of this machine; the files of its keys are in `DIR/tpm-keys`. */
export async function openTpmBackend(
  { address, name }: TpmSetting,
  data: string,
  { random, report }: { readonly random: Randomness; readonly report: Report },
): Promise<TpmBackend> {
  const link = openTpmLink(address, answerMilliseconds)
  const backend = new TpmBackend(name, {
    transport: link.transport,
    shelf: await openTpmShelf(join(data, 'tpm-keys'), random),
    report,
    close: () => link.close(),
  })
  await backend.open()
  return backend
}
