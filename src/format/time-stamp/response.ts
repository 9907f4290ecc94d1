// SPDX-License-Identifier: Apache-2.0
import { limits } from '#format/der/budget.ts'
import { readDer } from '#format/der/reader.ts'
import { tag } from '#format/der/tag.ts'
import { encodeDer } from '#format/der/writer.ts'
import { FormatError } from '#format/format-error.ts'

/** Bits of PKIFailureInfo that RFC 3161 section 2.4.2 names. */
export const stampFailures = {
  badAlg: 0,
  badRequest: 2,
  badDataFormat: 5,
  timeNotAvailable: 14,
  unacceptedPolicy: 15,
  unacceptedExtension: 16,
  addInfoNotAvailable: 17,
  systemFailure: 25,
} as const

export type StampFailure = keyof typeof stampFailures

export type TimeStampResponse =
  | { readonly kind: 'granted'; readonly token: Uint8Array }
  | {
      readonly kind: 'rejected'
      /** For people; may be empty. */
      readonly text: string
      readonly failure: StampFailure | undefined
    }

const statusGranted = 0
/** With modifications: the token says which; who asked compares it anyhow. */
const statusGrantedWithMods = 1
const statusRejection = 2
const mostStatus = 5
/** A token with a chain of ML-DSA certificates has 30 kB. */
const responseLimits = limits.signedData

/**
 * @throws FormatError
 * @see RFC 3161 section 2.4.2: a token if and only if it was granted
 */
export function parseTimeStampResponse(der: Uint8Array): TimeStampResponse {
  return readDer(der, responseLimits, (reader) => {
    const inner = reader.sequence()
    const info = inner.sequence()
    const status = info.smallInteger(mostStatus)
    const texts =
      info.peek() === tag.sequence ? info.sequenceOf((list) => list.text(tag.utf8String)) : []
    const failure = info.hasMore ? failureOf(info.namedBits(31)) : undefined
    info.end()
    const start = inner.offset
    const token = inner.hasMore ? inner.any() : undefined
    inner.end()
    const isGranted = status === statusGranted || status === statusGrantedWithMods
    if (isGranted !== (token !== undefined))
      throw new FormatError('value-not-allowed', start, `status ${status}`)
    if (token !== undefined) return { kind: 'granted', token }
    return { kind: 'rejected', text: texts.join('; '), failure }
  })
}

function failureOf(mask: number): StampFailure | undefined {
  const names = Object.keys(stampFailures) as StampFailure[]
  return names.find((name) => ((mask >>> stampFailures[name]) & 1) === 1)
}

export function encodeGranted(token: Uint8Array): Uint8Array {
  return encodeDer((writer) =>
    writer.sequence(() => {
      writer.sequence(() => writer.integer(statusGranted))
      writer.raw(token)
    }),
  )
}

/**
 * @param failure undefined: for no reason that has a name
 * @param text for people
 */
export function encodeRejected(failure: StampFailure | undefined, text: string): Uint8Array {
  return encodeDer((writer) =>
    writer.sequence(() =>
      writer.sequence(() => {
        writer.integer(statusRejection)
        writer.sequence(() => writer.text(text, tag.utf8String))
        if (failure !== undefined) writer.namedBits(1 << stampFailures[failure])
      }),
    ),
  )
}
