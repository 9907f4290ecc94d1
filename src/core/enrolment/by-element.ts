// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import type { CertificationRequest } from '#format/x509/certification-request.ts'
import type { SubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { provePossession } from '#trust/possession.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { bindElement } from '../elements/bind-element.ts'
import { elementOfKey } from '../elements/find-element.ts'
import type { ElementPorts } from '../elements/ports.ts'
import { Fault } from '../fault.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Device, Element } from '../ledger/tables.ts'
import { checkKeyState } from '../policy/check-key.ts'
import type { Refused } from '../refusal.ts'
import type { AdmittedByElement } from './admitted.ts'
import type { Identified } from './identify.ts'

/**
 * Tells which device has the element whose key signed a request.
 *
 * Who did not sign with that key hears what any stranger hears, so that nobody learns which elements are known.
 *
 * @returns undefined if no element that is known here signed it
 */
export async function admitElement(
  pkcs10: CertificationRequest,
  ledger: Ledger,
): Promise<AdmittedByElement | Refused | undefined> {
  const admitted = await holderOf(pkcs10.publicKey, ledger)
  if (admitted === undefined) return undefined
  const possession = await provePossession(pkcs10)
  return possession.kind === 'refused' ? undefined : admitted
}

async function holderOf(
  spki: SubjectPublicKeyInfo,
  ledger: Ledger,
): Promise<AdmittedByElement | Refused | undefined> {
  const key = importPublicKey(spki)
  // What is wrong with a key is told where every key is judged.
  if ('kind' in key) return undefined
  const found = await elementOfKey(key.fingerprint, ledger)
  if (found === undefined) return undefined
  const { element } = found
  if (element.device === null)
    return refuse(
      'element-unassigned',
      `element ${element.uniqueId} is known, and nobody said in which device it is; give the enrolment code of the device`,
    )
  const device = await ledger.read('device', element.device)
  if (device === undefined)
    throw new Fault('ledger-damaged', `element ${element.id} has no device ${element.device}`)
  if (element.state === 'replaced')
    return refuse(
      'element-not-expected',
      `device ${device.serial} has another element than ${element.uniqueId} now`,
    )
  // It may be certified already, and have been stolen since: then it is no proof of anything.
  const certified = await ledger.find('key', 'fingerprint', [key.fingerprint])
  const outOfUse = certified && checkKeyState(certified)
  if (outOfUse !== undefined) return outOfUse
  const credential = found.key.id
  return { kind: 'by-element', device, proof: 'secure-element', credential, found }
}

/** The same where the connection proved the key: by the certificate that the element has from its maker. */
export async function identifyByElement(
  certificate: Certificate,
  ledger: Ledger,
): Promise<Identified | Refused | undefined> {
  const admitted = await holderOf(certificate.publicKey, ledger)
  if (admitted?.kind !== 'by-element') return admitted
  const { device, proof, credential } = admitted
  return { kind: 'identified', device, proof, credential, certificate, record: undefined }
}

/**
 * Notes at a first contact in which device an element is: whoever proved to be the device has just proved its key.
 *
 * In a commit of its own, before anything is signed: it stays true if that fails.
 */
export async function bindAtFirstContact(
  unbound: Element | undefined,
  device: Device,
  ports: ElementPorts,
): Promise<Refused | undefined> {
  if (unbound === undefined) return undefined
  const bound = await bindElement(unbound, device, { kind: 'device', id: device.id }, ports)
  return bound.kind === 'refused' ? bound : undefined
}
