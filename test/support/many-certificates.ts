// SPDX-License-Identifier: Apache-2.0
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import type { House } from '#house/house.ts'
import { sha256 } from '#trust/digest.ts'

/** Devices that are booked in one commit. */
const batch = 200

/**
 * Books so many devices, each with key, certificate, enrolment and event, as copies of the one whose
 * certificate this is: what a store weighs that has grown, without the signatures.
 */
export async function manyCertificates(
  { core }: House,
  model: Uint8Array,
  count: number,
): Promise<void> {
  const { ledger } = core
  const certificate = await ledger.find('certificate', 'sha256', [sha256(model)])
  const key = certificate && (await ledger.read('key', certificate.key))
  const device = certificate && (await ledger.read('device', certificate.owner))
  const enrolment = certificate && (await ledger.read('enrolment', certificate.enrolment ?? ''))
  if (!certificate || !key || !device || !enrolment)
    throw new Error('the model is not of this house')
  const id = (kind: Put['kind']) => newId(kind, core)
  for (let done = 0; done < count; ) {
    const puts: Put[] = []
    const events = []
    for (let end = Math.min(done + batch, count); done < end; done++) {
      const [owner, keyId, crt, enr] = [id('device'), id('key'), id('certificate'), id('enrolment')]
      const serialNumber = core.random.bytes(16)
      const digest = core.random.bytes(32)
      const serial = `MANY-${done}`
      const spki = new Uint8Array(key.spki)
      spki.set(core.random.bytes(32), spki.length - 32)
      const der = new Uint8Array(model)
      der.set(digest, der.length - 32)
      puts.push(
        { kind: 'device', record: { ...device, id: owner, version: 1, serial } },
        {
          kind: 'key',
          record: {
            ...key,
            id: keyId,
            version: 1,
            owner,
            spki,
            fingerprint: core.random.bytes(32),
          },
        },
        {
          kind: 'certificate',
          record: {
            ...{ ...certificate, id: crt, version: 1, owner, key: keyId, serialNumber },
            ...{ sha256: digest, enrolment: enr, deviceSerial: serial, state: 'issued' },
          },
        },
        { kind: 'encoding', record: { id: crt, version: 1, der } },
        { kind: 'enrolment', record: { ...enrolment, id: enr, owner, certificate: crt } },
      )
      events.push({
        type: 'certificate-issued' as const,
        at: core.clock.now(),
        actor: { kind: 'device', id: owner } as const,
        subjects: [crt, owner, certificate.authority, keyId],
        facts: {
          ...{ serialNumber: serialNumber.toHex(), sha256: digest.toHex() },
          ...{ subject: certificate.subject, notAfter: certificate.notAfter.toString() },
          ...{ profile: 'ldevid 1', operation: 'enrol', proof: 'code', possession: 'signature' },
        },
      })
    }
    const committed = await ledger.commit({ puts, events })
    if (committed.kind !== 'committed') throw new Error(`cannot book: ${committed.rule}`)
  }
}
