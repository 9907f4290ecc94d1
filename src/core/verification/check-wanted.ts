// SPDX-License-Identifier: Apache-2.0
import { parseCertificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { isOfHost } from '#trust/peer/host-name.ts'
import { refuse } from '#trust/refusal.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import type { Known } from './verify.ts'

/** Whom an application expects; what is absent is not looked at. */
export interface Wanted {
  /** A product by its name or id. */
  readonly product?: string | undefined
  readonly lot?: string | undefined
  /** Of the device, as printed on it. */
  readonly serial?: string | undefined
  /** The profile by which it was issued. */
  readonly profile?: string | undefined
  readonly environment?: Authority['environment'] | undefined
  /** Of a server: the name or address under which it was reached. */
  readonly host?: string | undefined
  /** A certificate policy that it asserts, as numbers with dots. */
  readonly policy?: string | undefined
}

/**
 * Whether a certificate is of whom the application expects.
 *
 * Without this every device of every product would be let in wherever one is: a valid certificate says who somebody
 * is, never that he may.
 */
export function checkWanted(
  wanted: Wanted,
  leaf: Uint8Array,
  { record, authority, device, product }: Known,
): Refused | undefined {
  const isOfProduct = product?.id === wanted.product || product?.name === wanted.product
  if (wanted.product !== undefined && !isOfProduct)
    return differs('product', product?.name, wanted.product)
  if (wanted.lot !== undefined && device?.lot !== wanted.lot)
    return differs('lot', device?.lot, wanted.lot)
  if (wanted.serial !== undefined && device?.serial !== wanted.serial)
    return differs('serial', device?.serial, wanted.serial)
  if (wanted.profile !== undefined && record.profile !== wanted.profile)
    return differs('profile', record.profile, wanted.profile)
  const environment = authority?.environment
  if (wanted.environment !== undefined && environment !== wanted.environment)
    return refuse(
      'environment-wrong',
      `it is of the ${environment} environment, ${wanted.environment} is wanted`,
    )
  if (wanted.host === undefined && wanted.policy === undefined) return undefined
  return checkInside(wanted, leaf)
}

/**
 * Whether the application that asks may hear of this certificate: of a device, only if it is of a product that the
 * application is for.
 *
 * @param products ids; undefined: it may hear of all
 */
export function checkHearing(
  products: readonly string[] | undefined,
  { record, device }: Known,
): Refused | undefined {
  const product = device?.product ?? record.product
  if (products === undefined || product === null || products.includes(product)) return undefined
  return refuse('identity-differs', 'it is of a product that the application which asks is not for')
}

/** What only the certificate itself says. */
function checkInside({ host, policy }: Wanted, leaf: Uint8Array): Refused | undefined {
  const certificate = parseCertificate(leaf, { unknownCritical: 'keep' })
  if (host !== undefined && !isOfHost(certificate, host))
    return refuse('identity-differs', `none of its names is ${host}`)
  const asserted = readExtension(certificate.extensions, 'certificatePolicies') ?? []
  if (policy !== undefined && !asserted.some(({ oid }) => oid === policy))
    return refuse('identity-differs', `it does not assert the policy ${policy}`)
  return undefined
}

function differs(what: string, is: string | null | undefined, wanted: string): Refused {
  return refuse('identity-differs', `its ${what} is ${is ?? 'not known'}, ${wanted} is wanted`)
}
