// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '../format-error.ts'
import type { ArchiveForm, Compression } from './archive.ts'
import { afterZeros, trailing } from './rest.ts'

export interface StreamForm {
  readonly name: string
  readonly compression: Compression
  recognise(head: Uint8Array): boolean
  /** The name of what was packed, where the stream bears one. */
  nameIn?(head: Uint8Array): string | undefined
}

const headOctets = 65_536

/**
 * A compressed stream as a container of one thing, and of what lies behind it.
 *
 * Streams of one kind behind each other are one content, as their own programs have it; padding of zeros is passed
 * over; anything else behind them is a member of its own.
 */
export function singleStream(form: StreamForm): ArchiveForm {
  return {
    name: form.name,
    access: 'forward',
    headOctets: 32,
    recognise: form.recognise,
    async *members(source) {
      let taken: number | undefined
      yield {
        ...{ kind: 'member', name: await nameOf(form, source), type: 'file', offset: 0 },
        content: {
          ...{ kind: 'packed', compression: form.compression, source, size: undefined },
          ended: (octets) => {
            taken = octets
          },
        },
      }
      if (taken === undefined) return
      const rest = await afterZeros(source, taken)
      if (rest !== undefined) yield trailing(source, rest)
    },
  }
}

async function nameOf(form: StreamForm, source: Parameters<ArchiveForm['members']>[0]) {
  if (form.nameIn === undefined) return 'content'
  try {
    return form.nameIn(await source.read(0, headOctets)) ?? 'content'
  } catch (error) {
    // The stream will say what is wrong with it when it is read.
    if (!(error instanceof FormatError)) throw error
    return 'content'
  }
}
