// SPDX-License-Identifier: Apache-2.0
import { sha256 } from '#trust/digest.ts'
import type { CertificateRecord, RenewalOrder } from '../ledger/tables.ts'

/** When a device shall renew though its time has not come. */
export interface Ordered {
  readonly order: string
  /** Its own moment: it renews from then on. */
  readonly after: Temporal.Instant
  /** The end of the window, by which everybody should have. */
  readonly before: Temporal.Instant
}

/**
 * Whether an order means this certificate: a working identity, or an application's, older than the order, in all
 * that it names. One that had ended by then is nobody's any more.
 */
export function isMeant(order: RenewalOrder, certificate: CertificateRecord): boolean {
  const { kind, owner, state, issuedAt, notAfter } = certificate
  const { authority, product, lot, algorithm } = certificate
  const renewsItself = kind === 'working' || owner.startsWith('app_')
  if (!renewsItself || state !== 'issued' || issuedAt === null) return false
  if (Temporal.Instant.compare(notAfter, order.createdAt) <= 0) return false
  if (Temporal.Instant.compare(issuedAt, order.createdAt) >= 0) return false
  return (
    (order.authority === null || order.authority === authority) &&
    (order.product === null || order.product === product) &&
    (order.lot === null || order.lot === lot) &&
    (order.algorithm === null || order.algorithm === algorithm)
  )
}

/** What the open orders ask of the holder of a certificate; of several, the one whose moment is first. */
export function orderedFor(
  certificate: CertificateRecord | undefined,
  orders: readonly RenewalOrder[],
): Ordered | undefined {
  if (certificate === undefined) return undefined
  return orders
    .filter((order) => isMeant(order, certificate))
    .map((order) => ({
      order: order.id,
      after: momentOf(order, certificate.owner),
      before: order.until,
    }))
    .toSorted((left, right) => Temporal.Instant.compare(left.after, right.after))[0]
}

/**
 * A device's own moment within the window, always the same for one order: the herd is spread evenly, and
 * who asks again is not thrown to another moment.
 */
export function momentOf({ id, fromAt, until }: RenewalOrder, device: string): Temporal.Instant {
  const [a = 0, b = 0, c = 0, d = 0] = sha256(new TextEncoder().encode(`${id} ${device}`))
  const share = (((a * 256 + b) * 256 + c) * 256 + d) / 2 ** 32
  const window = until.epochMilliseconds - fromAt.epochMilliseconds
  return fromAt.add({ milliseconds: Math.floor(window * share) })
}
