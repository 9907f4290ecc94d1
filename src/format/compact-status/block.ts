// SPDX-License-Identifier: Apache-2.0
import { concatBytes } from '../bytes.ts'
import { FormatError } from '../format-error.ts'
import { Fields, octetsOf } from './fields.ts'

/**
 * Which of a set are meant: none, all, those that the tables answer 1 for, or those that they answer 0 for;
 * `ended`: whatever was meant, all of them have expired.
 */
export const filterForms = ['none', 'all', 'members', 'others', 'ended'] as const
export type FilterForm = (typeof filterForms)[number]

/** The answer to "is it meant?" for each of a known set; for anything else the answer is chance. */
export type Filter =
  | { readonly form: 'none' | 'all' | 'ended' }
  | {
      readonly form: 'members' | 'others'
      /** Bits of a fingerprint; whoever is meant has his, of the others one in 2^planes. */
      readonly planes: number
      readonly columns: number
      readonly rough: Uint8Array
      /** Columns of the table that tells those whose fingerprint fits apart; 0: the fingerprints do. */
      readonly exactColumns: number
      readonly exact: Uint8Array
    }

/** The certificates of one authority of one span of time, when they were counted last. */
export interface Base {
  /** Which of them are not to be believed. */
  readonly bad: Filter
  /** Which of those are held. */
  readonly held: Filter
  /** 8 bytes; empty where no table is. */
  readonly salt: Uint8Array
}

export const saltBytes = 8
export const mostPlanes = 24
/** With 21 bits the place of a band is exact in a double. */
export const mostColumns = 2 ** 21 - 1
export const leastColumns = 64

/** @throws FormatError */
export function parseBase(bytes: Uint8Array): Base {
  const fields = new Fields(bytes)
  const badForm = formOf(fields, filterForms)
  const heldForm = formOf(fields, filterForms.slice(0, 4))
  if (heldForm !== 'none' && (badForm === 'none' || badForm === 'ended'))
    throw new FormatError('value-not-allowed', 1, 'held where none is bad')
  const hasTables = isTable(badForm) || isTable(heldForm)
  const salt = hasTables ? fields.bytes(saltBytes) : new Uint8Array()
  const base = { bad: filterOf(badForm, fields), held: filterOf(heldForm, fields), salt }
  fields.end()
  return base
}

export function encodeBase({ bad, held, salt }: Base): Uint8Array {
  const forms = Uint8Array.of(filterForms.indexOf(bad.form), filterForms.indexOf(held.form))
  return concatBytes([forms, salt, ...partsOf(bad), ...partsOf(held)])
}

function formOf(fields: Fields, allowed: readonly FilterForm[]): FilterForm {
  const at = fields.offset
  const form = allowed[fields.integer(1)]
  if (form === undefined) throw new FormatError('value-not-allowed', at, 'form of a filter')
  return form
}

function isTable(form: FilterForm): form is 'members' | 'others' {
  return form === 'members' || form === 'others'
}

function filterOf(form: FilterForm, fields: Fields): Filter {
  if (!isTable(form)) return { form }
  const planes = fields.between(1, 1, mostPlanes, 'planes')
  const columns = fields.between(3, leastColumns, mostColumns, 'columns')
  const at = fields.offset
  const exactColumns = fields.between(3, 0, mostColumns, 'exact columns')
  if (exactColumns > 0 && exactColumns < leastColumns)
    throw new FormatError('value-not-allowed', at, 'exact columns')
  const rough = tableOf(fields, columns, planes)
  return { form, planes, columns, rough, exactColumns, exact: tableOf(fields, exactColumns, 1) }
}

/** What fills the last byte of a plane up is 0: the same answers, the same bytes. */
function tableOf(fields: Fields, columns: number, planes: number): Uint8Array {
  const stride = strideOf(columns)
  const at = fields.offset
  const table = fields.bytes(stride * planes)
  const unused = (0xff << (((columns - 1) & 7) + 1)) & 0xff
  for (let plane = 1; plane <= planes && columns > 0; plane++) {
    const last = plane * stride - 1
    if ((table[last]! & unused) !== 0)
      throw new FormatError('value-not-allowed', at + last, 'bits after the last column')
  }
  return table
}

export function strideOf(columns: number): number {
  return (columns + 7) >> 3
}

function partsOf(filter: Filter): readonly Uint8Array[] {
  if (!('planes' in filter)) return []
  const { planes, columns, exactColumns, rough, exact } = filter
  return [octetsOf(planes, 1), octetsOf(columns, 3), octetsOf(exactColumns, 3), rough, exact]
}
