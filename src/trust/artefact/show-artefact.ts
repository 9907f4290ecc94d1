// SPDX-License-Identifier: Apache-2.0
import type { ByteSource } from '#format/archive/byte-source.ts'
import { FormatError } from '#format/format-error.ts'
import type { Anatomy } from './form.ts'
import type { AnyForm } from './forms.ts'
import { type ArtefactRefused, refuseFormat } from './refusal.ts'

/** What a file is made of; of one that is damaged before anything of it can be told apart, where it is. */
export async function showArtefact(
  form: Pick<AnyForm, 'inspect'>,
  source: ByteSource,
): Promise<Anatomy | ArtefactRefused> {
  try {
    return await form.inspect(source)
  } catch (error) {
    if (error instanceof FormatError) return refuseFormat(error)
    throw error
  }
}
