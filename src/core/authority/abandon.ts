// SPDX-License-Identifier: Apache-2.0
import { endCertificate } from '../ledger/end-certificate.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { CertificateRecord, Code } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'

/** CRLReason cessationOfOperation, RFC 5280 section 5.3.1: nobody was meant to use it. */
const cessationOfOperation = 5

/** A signature takes milliseconds; whatever waits longer than this for its completion was cut off. */
export const longestSigning = Temporal.Duration.from({ minutes: 2 })

interface AbandoningPorts {
  readonly ledger: Ledger
  readonly clock: Clock
}

/**
 * Gives up certificates whose signing was cut off, by a crash or a full disk: whether a signature was
 * made is unknown, so each is taken as revoked, and what was spent for it is given back to its device.
 *
 * @param reservedBefore leaves those alone that may still be under way; undefined: nothing is
 * @returns how many there were
 */
export async function recoverReserved(
  ports: AbandoningPorts,
  reservedBefore?: Temporal.Instant,
): Promise<number> {
  let count = 0
  let after: string | null | undefined
  do {
    const page = await ports.ledger.list('certificate', {
      ...{ by: 'state', equal: ['reserved'], limit: 500 },
      ...(after && { after }),
    })
    for (const certificate of page.items) {
      if (reservedBefore && isBefore(reservedBefore, certificate.reservedAt)) continue
      if (await isAskedFor(certificate, ports)) continue
      if (await abandon(certificate.id, ports)) count++
    }
    after = page.next
  } while (after !== null)
  return count
}

/** Whether somebody else may still answer for it: then its order ends it, and nobody before. */
async function isAskedFor(
  { id }: CertificateRecord,
  { ledger }: AbandoningPorts,
): Promise<boolean> {
  const order = await ledger.find('upstreamOrder', 'certificate', [id])
  return order?.state === 'open'
}

/**
 * Abandons one certificate if it is still reserved. It will be on the next CRL.
 *
 * What stands beside it (its device, its code) may change at the same moment: then it looks again.
 *
 * @returns whether it was this call that abandoned it
 */
export async function abandon(id: string, ports: AbandoningPorts): Promise<boolean> {
  for (;;) {
    const certificate = await ports.ledger.read('certificate', id)
    if (certificate?.state !== 'reserved') return false
    if (await bookAbandoned(certificate, ports)) return true
  }
}

async function bookAbandoned(
  certificate: CertificateRecord,
  { ledger, clock }: AbandoningPorts,
): Promise<boolean> {
  const ended = endCertificate(certificate, {
    at: clock.now(),
    actor: { kind: 'house', id: 'recovery' },
    crlReason: cessationOfOperation,
    facts: {},
  })
  const committed = await ledger.commit({
    puts: [ended.put, ...(await givenBack(certificate, ledger))],
    events: [ended.event],
  })
  return committed.kind === 'committed'
}

/** The code becomes usable again, and the device may still ask: it never saw an answer. */
async function givenBack(certificate: CertificateRecord, ledger: Ledger): Promise<readonly Put[]> {
  if (!certificate.owner.startsWith('dev_')) return []
  const code = await codeSpentFor(certificate, ledger)
  const device = code && (await ledger.read('device', certificate.owner))
  if (code === undefined || device === undefined) return []
  const again: Put = {
    kind: 'code',
    record: { ...code, version: code.version + 1, usedAt: null, usedFor: null },
  }
  // A ticket needs no permission, and so gives none back.
  if (code.attestation !== null) return [again]
  return [
    again,
    {
      kind: 'device',
      record: {
        ...device,
        version: device.version + 1,
        enrolmentsLeft: device.enrolmentsLeft + 1,
      },
    },
  ]
}

async function codeSpentFor(
  { id, owner }: CertificateRecord,
  ledger: Ledger,
): Promise<Code | undefined> {
  let after: string | null | undefined
  do {
    const page = await ledger.list('code', {
      ...{ by: 'device', equal: [owner], descending: true, limit: 100 },
      ...(after && { after }),
    })
    const code = page.items.find((one) => one.usedFor === id)
    if (code !== undefined) return code
    after = page.next
  } while (after !== null)
  return undefined
}

function isBefore(left: Temporal.Instant, right: Temporal.Instant): boolean {
  return Temporal.Instant.compare(left, right) < 0
}
