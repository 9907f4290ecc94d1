// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '../bytes.ts'
import { FormatError } from '../format-error.ts'
import { Fields, octetsOf } from './fields.ts'
import { statusFileLimits as limits } from './limits.ts'

/** Bytes of the old file, then bytes that it does not have. */
export interface DeltaStep {
  readonly copyFrom: number
  readonly copyLength: number
  /** A view. */
  readonly fresh: Uint8Array
}

/** What leads from one file to another. It is not signed: the file that it gives is. */
export interface StatusDelta {
  /** SHA-256 of the whole old file, and of the whole new one. */
  readonly from: Uint8Array
  readonly to: Uint8Array
  readonly length: number
  readonly steps: readonly DeltaStep[]
}

const magic = new TextEncoder().encode('VITSDEL1')

/** @throws FormatError */
export function parseStatusDelta(bytes: Uint8Array): StatusDelta {
  if (bytes.length > limits.bytes) throw new FormatError('too-large', 0, `${bytes.length} bytes`)
  const fields = new Fields(bytes)
  if (fields.bytes(8).some((octet, index) => octet !== magic[index]))
    throw new FormatError('version-unknown', 0)
  const [from, to] = [fields.bytes(32), fields.bytes(32)]
  const length = fields.between(4, 1, limits.bytes, 'length')
  const count = fields.between(4, 1, limits.deltaSteps, 'steps')
  const steps: DeltaStep[] = []
  let made = 0
  for (let index = 0; index < count; index++) {
    const at = fields.offset
    const [copyFrom, copyLength] = [fields.integer(4), fields.integer(4)]
    const fresh = fields.bytes(fields.integer(4))
    made += copyLength + fresh.length
    if (copyLength + fresh.length === 0) throw new FormatError('value-not-allowed', at, 'empty')
    if (made > length) throw new FormatError('value-not-allowed', at, 'more than its length')
    steps.push({ copyFrom, copyLength, fresh })
  }
  fields.end()
  if (made !== length) throw new FormatError('value-not-allowed', 72, 'less than its length')
  return { from, to, length, steps }
}

export function encodeStatusDelta({ from, to, length, steps }: StatusDelta): Uint8Array {
  return concatBytes([
    ...[magic, from, to, octetsOf(length, 4), octetsOf(steps.length, 4)],
    ...steps.flatMap(({ copyFrom, copyLength, fresh }) => [
      ...[copyFrom, copyLength, fresh.length].map((value) => octetsOf(value, 4)),
      fresh,
    ]),
  ])
}
