// SPDX-License-Identifier: Apache-2.0
/** Filters of lists, turned into a walk along one index; what is left is tested row by row. */
import type { ListQuery } from '#core/ledger/ledger.ts'
import type { LedgerRecord } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import type { InputOf } from '#format/admin/operations.ts'
import { isKeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { refuse } from '#trust/refusal.ts'

type Paging = { readonly limit: number; readonly after?: string | undefined }

/** Where a list goes on. */
export function pageOf({ limit, after }: Paging) {
  return { limit, ...(after === undefined ? {} : { after }) }
}

type Walk<K extends 'device' | 'certificate'> = Pick<
  ListQuery<K>,
  'by' | 'equal' | 'prefix' | 'from' | 'below'
>

export function deviceQuery(asked: InputOf<'device.list'>): ListQuery<'device'> {
  const { product, state, lot, serial, under, anchors } = asked
  return {
    ...deviceWalk(asked),
    where: given<'device'>({ product, state, lot, serial, under, anchors }),
    ...pageOf(asked),
  }
}

/** The most telling filter leads. */
function deviceWalk(asked: InputOf<'device.list'>): Walk<'device'> {
  const { product, state, lot, serial, serialPrefix, missed, under, anchors } = asked
  if (missed) {
    return product === undefined ? { by: 'missed' } : { by: 'productMissed', equal: [product] }
  }
  const prefix = serialPrefix === undefined ? {} : { prefix: serialPrefix }
  if (serial !== undefined) {
    // A prefix of the exact serial says nothing more; any other one fits nothing.
    return serialPrefix === undefined || serial.startsWith(serialPrefix)
      ? { by: 'bySerial', equal: [serial] }
      : { by: 'bySerial', equal: [''] }
  }
  if (serialPrefix !== undefined) {
    return product === undefined
      ? { by: 'bySerial', ...prefix }
      : { by: 'product', equal: [product], ...prefix }
  }
  // The oldest set has few: who lags behind is what is asked for.
  if (anchors !== undefined) return { by: 'anchors', equal: [anchors] }
  if (under !== undefined) {
    if (product === undefined) return { by: 'under', equal: [under] }
    return lot === undefined
      ? { by: 'under', equal: [under, product] }
      : { by: 'underLot', equal: [under, product, lot] }
  }
  if (lot !== undefined) return { by: 'lot', equal: [lot] }
  if (product !== undefined && state !== undefined) {
    return { by: 'productState', equal: [product, state] }
  }
  if (product !== undefined) return { by: 'product', equal: [product] }
  return state === undefined ? {} : { by: 'state', equal: [state] }
}

export function certificateQuery(
  asked: InputOf<'certificate.list'>,
): ListQuery<'certificate'> | Refused {
  const { algorithm, serialPrefix, expiringBefore, expiringAfter } = asked
  if (algorithm !== undefined && !isKeyAlgorithmName(algorithm)) {
    const known = Object.keys(keyAlgorithms).join(', ')
    return refuse('input-wrong', `algorithm: "${algorithm}" is none of ${known}`)
  }
  const bounds = Object.entries({ expiringBefore, expiringAfter })
  const bounded = bounds.find(([, value]) => value !== undefined)?.[0]
  if (serialPrefix !== undefined && bounded !== undefined) {
    return refuse(
      'input-wrong',
      `serialPrefix and ${bounded} cannot be asked together; ask one, and sort out the other`,
    )
  }
  const where = certificateConditions(asked)
  return { ...certificateWalk({ ...asked, state: where.state }), where, ...pageOf(asked) }
}

/** The filters that are columns; an end asks for issued ones unless another state is named. */
function certificateConditions(asked: InputOf<'certificate.list'>) {
  const { product, owner, kind, lot, algorithm, authority, expiringBefore, expiringAfter } = asked
  const isUnbounded = expiringBefore === undefined && expiringAfter === undefined
  const state = asked.state ?? (isUnbounded ? undefined : 'issued')
  return given<'certificate'>({ product, owner, kind, lot, algorithm, authority, state })
}

/** Whether a certificate that was found otherwise passes every filter. */
export function passesFilters(
  certificate: LedgerRecord<'certificate'>,
  asked: InputOf<'certificate.list'>,
): boolean {
  const { serialPrefix, expiringBefore, expiringAfter } = asked
  const columns: Readonly<Record<string, unknown>> = { ...certificate }
  return (
    Object.entries(certificateConditions(asked)).every(([name, is]) => columns[name] === is) &&
    (serialPrefix === undefined || (certificate.deviceSerial?.startsWith(serialPrefix) ?? false)) &&
    (expiringBefore === undefined ||
      Temporal.Instant.compare(certificate.notAfter, expiringBefore) < 0) &&
    (expiringAfter === undefined ||
      Temporal.Instant.compare(certificate.notAfter, expiringAfter) >= 0)
  )
}

function certificateWalk(asked: InputOf<'certificate.list'>): Walk<'certificate'> {
  const { product, owner, state, lot, serialPrefix, algorithm } = asked
  const { expiringBefore, expiringAfter } = asked
  if (expiringBefore !== undefined || expiringAfter !== undefined) {
    return {
      ...{ by: 'state', equal: [state] },
      ...(expiringBefore !== undefined && { below: Temporal.Instant.from(expiringBefore) }),
      ...(expiringAfter !== undefined && { from: Temporal.Instant.from(expiringAfter) }),
    }
  }
  if (serialPrefix !== undefined) {
    return product === undefined
      ? { by: 'deviceSerial', prefix: serialPrefix }
      : { by: 'product', equal: [product], prefix: serialPrefix }
  }
  if (owner !== undefined) return { by: 'owner', equal: [owner] }
  if (lot !== undefined) return { by: 'lot', equal: [lot] }
  if (product !== undefined) return { by: 'product', equal: [product] }
  if (algorithm !== undefined) return { by: 'algorithm', equal: [algorithm] }
  return state === undefined ? {} : { by: 'state', equal: [state] }
}

type Conditions<K extends 'device' | 'certificate' | 'key' | 'keyMaking'> = {
  readonly [F in keyof LedgerRecord<K>]?: LedgerRecord<K>[F] | undefined
}

/** Without the filters that were not given. */
export function given<K extends 'device' | 'certificate' | 'key' | 'keyMaking'>(
  conditions: Conditions<K>,
): Partial<LedgerRecord<K>> {
  const said = Object.entries(conditions).filter(([, value]) => value !== undefined)
  return Object.fromEntries(said) as Partial<LedgerRecord<K>>
}
