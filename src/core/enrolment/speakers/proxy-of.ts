// SPDX-License-Identifier: Apache-2.0

import { parseCertificateOrRefuse } from '#core/enrolment/read.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { ProxyRecord } from '#core/ledger/tables.ts'
import type { Clock } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'

/**
 * The proxy whose certificate the connection proved, to the byte, in force.
 *
 * @see RFC 9440 section 4: only a proxy that the origin knows may say whose certificate it saw
 */
export async function proxyOf(
  [leaf]: readonly Uint8Array[],
  { ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock },
): Promise<{ readonly kind: 'proxy'; readonly proxy: ProxyRecord } | Refused> {
  if (leaf === undefined) return refuse('proxy-unknown', 'a stranger speaks as if it were a proxy')
  const digest = sha256(leaf)
  const [proxy, own] = await Promise.all([
    ledger.find('proxy', 'certificate', [digest]),
    ledger.find('certificate', 'sha256', [digest]),
  ])
  const key = proxy && (await ledger.read('key', proxy.key))
  const isRevoked = own !== undefined && own.state !== 'issued'
  if (proxy?.state !== 'active' || key?.state !== 'active' || isRevoked)
    return refuse('proxy-unknown', 'no proxy with this certificate is known here')
  const read = parseCertificateOrRefuse(leaf)
  if (read.kind === 'refused') return read
  const { notBefore, notAfter } = read.certificate
  const now = clock.now()
  const isGood =
    Temporal.Instant.compare(notBefore, now) <= 0 && Temporal.Instant.compare(now, notAfter) <= 0
  return isGood
    ? { kind: 'proxy', proxy }
    : refuse('proxy-unknown', `the certificate of proxy ${proxy.name} ended at ${notAfter}`)
}
