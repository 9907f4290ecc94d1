// SPDX-License-Identifier: Apache-2.0
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { CertificateRecord } from '../ledger/tables.ts'
import type { Clock } from '../ports.ts'

/** CRLReason cessationOfOperation, RFC 5280 section 5.3.1: nobody was meant to use it. */
const cessationOfOperation = 5

interface AbandoningPorts {
  readonly ledger: Ledger
  readonly clock: Clock
}

/**
 * Gives up certificates whose signing was cut off by a crash: whether a signature was made is unknown,
 * so each is taken as revoked, and what was spent for it is given back to its device.
 *
 * @returns how many there were
 */
export async function recoverReserved(ports: AbandoningPorts): Promise<number> {
  let count = 0
  for (;;) {
    const page = await ports.ledger.list('certificate', {
      by: 'state',
      equal: ['reserved'],
      limit: 500,
    })
    if (page.items.length === 0) return count
    for (const certificate of page.items) {
      await abandon(certificate, ports)
      count++
    }
  }
}

/** Abandons one reserved certificate. It will be on the next CRL. */
export async function abandon(
  certificate: CertificateRecord,
  ports: AbandoningPorts,
): Promise<void> {
  const now = ports.clock.now()
  await ports.ledger.commit({
    puts: [
      {
        kind: 'certificate',
        record: {
          ...certificate,
          version: certificate.version + 1,
          state: 'abandoned',
          revokedAt: now,
          revocationReason: cessationOfOperation,
        },
      },
      ...(await givenBack(certificate, ports.ledger)),
    ],
    events: [
      {
        type: 'certificate-abandoned',
        at: now,
        actor: { kind: 'house', id: 'recovery' },
        subjects: [certificate.id, certificate.owner, certificate.authority],
        facts: { serialNumber: certificate.serialNumber.toHex() },
      },
    ],
  })
}

/** The code becomes usable again, and the device may still ask: it never saw an answer. */
async function givenBack(certificate: CertificateRecord, ledger: Ledger): Promise<readonly Put[]> {
  if (!certificate.owner.startsWith('dev_')) return []
  const codes = await ledger.list('code', { by: 'device', equal: [certificate.owner], limit: 1000 })
  const code = codes.items.find((one) => one.usedFor === certificate.id)
  if (code === undefined) return []
  const device = await ledger.read('device', certificate.owner)
  const puts: Put[] = [
    { kind: 'code', record: { ...code, version: code.version + 1, usedAt: null, usedFor: null } },
  ]
  if (device !== undefined) {
    puts.push({
      kind: 'device',
      record: {
        ...device,
        version: device.version + 1,
        enrolmentsLeft: device.enrolmentsLeft + 1,
      },
    })
  }
  return puts
}
