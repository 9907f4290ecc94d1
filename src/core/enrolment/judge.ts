// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import type { ProvedRequest } from '#trust/possession.ts'
import type { CertificateRecord, Device, Key } from '../ledger/tables.ts'
import { decide, type Verdict } from '../policy/decide.ts'
import type { Proof } from '../policy/profile.ts'
import type { Door } from './doors.ts'
import type { EnrolmentPorts } from './enrolment-ports.ts'
import { identitiesHeld, identitiesLately } from './identities-held.ts'
import { orderedFor } from './renew-now.ts'

/** Who asks for what at which door. */
export interface Case {
  readonly device: Device
  readonly proof: Proof
  readonly operation: 'enrol' | 'reenrol'
  /** The certificate of ours that was shown. */
  readonly current:
    | { readonly record: CertificateRecord; readonly certificate: Certificate }
    | undefined
  readonly door: Door
}

/** What policy says, and what the ledger knows of the key. */
export interface Judged {
  readonly verdict: Verdict
  readonly key: Key | undefined
}

/** Looks up what policy wants to know, and lets it decide. */
export async function judge(
  proved: ProvedRequest,
  { device, proof, operation, current, door }: Case,
  ports: EnrolmentPorts,
): Promise<Judged> {
  const key = await ports.ledger.find('key', 'fingerprint', [proved.publicKey.fingerprint])
  const verdict = decide({
    ...{ operation, proof, device, proved, key, current },
    profile: door.profile,
    facts: factsOf(door, device),
    identitiesHeld: proof === 'code' ? 0 : await identitiesHeld(device.id, door.profile, ports),
    identitiesLately: await identitiesLately(device.id, ports),
    isOrdered: orderedFor(current?.record, ports.doors.orders) !== undefined,
    now: ports.clock.now(),
    environment: door.issuer.authority.environment,
    issuerNotAfter: door.issuer.certificate.notAfter,
  })
  return { verdict, key }
}

/** What templates may speak of: facts of the ledger, never of the request. */
function factsOf(door: Door, device: Device) {
  return {
    maker: door.party.name,
    product: door.product.name,
    serial: device.serial,
    ...(device.hardwareRevision !== null && { hardwareRevision: device.hardwareRevision }),
    ...(device.lot !== null && { lot: device.lot }),
  }
}
