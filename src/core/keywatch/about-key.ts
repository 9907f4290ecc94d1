// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { CertificateRecord, Enrolment, Key, KeyFinding } from '../ledger/tables.ts'

/** What is known of how a key came to be, at the moment that something is found out about it. */
export interface AboutKey {
  readonly columns: Pick<KeyFinding, 'product' | 'lot' | 'registrar' | 'firmware'>
  readonly facts: KeyFinding['facts']
}

/**
 * Whose key it is, of which lot, and by whom, from where, when and how it was first certified: what those who share
 * a weakness may have in common. Their own word is the firmware, all else is ours.
 */
export async function aboutKey(key: Key, ledger: Ledger): Promise<AboutKey> {
  const [device, first, making] = await Promise.all([
    key.owner.startsWith('dev_') ? ledger.read('device', key.owner) : undefined,
    firstOf(key, ledger),
    ledger.find('keyMaking', 'key', [key.id]),
  ])
  const enrolment = first?.enrolment ? await ledger.read('enrolment', first.enrolment) : undefined
  const [product, registrar] = await Promise.all([
    device && ledger.read('product', device.product),
    enrolment?.registrar ? ledger.read('registrar', enrolment.registrar) : undefined,
  ])
  return {
    columns: {
      product: device?.product ?? first?.product ?? null,
      lot: device?.lot ?? first?.lot ?? null,
      registrar: enrolment?.registrar ?? null,
      firmware: making?.firmware ?? null,
    },
    facts: {
      ...{ algorithm: key.algorithm, bits: key.bits, origin: key.origin },
      ...{ protection: key.protection, purpose: key.purpose },
      ...(device && { serial: device.serial, hardwareRevision: device.hardwareRevision }),
      ...(product && { productName: product.name }),
      ...(registrar && { registrarName: registrar.name }),
      ...(making && { source: making.source, sourceMode: making.mode }),
      ...(first && { subject: first.subject, certifiedAt: first.reservedAt.toString() }),
      ...(enrolment && enrolmentFacts(enrolment)),
    },
  }
}

/** The first certificate of a key: nobody but the one who made it asked for that. */
async function firstOf(key: Key, ledger: Ledger): Promise<CertificateRecord | undefined> {
  const { items } = await ledger.list('certificate', {
    ...{ by: 'owner', equal: [key.owner], where: { key: key.id }, limit: 1 },
  })
  return items[0]
}

function enrolmentFacts({ protocol, operation, proof, sourceAddress }: Enrolment) {
  return { protocol, operation, proof, sourceAddress }
}
