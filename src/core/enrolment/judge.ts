// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { keyAlgorithms } from '#trust/algorithms.ts'
import type { ProvedRequest } from '#trust/possession.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuseWeakKey } from '#trust/weak-keys/weak-keys.ts'
import { moduleFacts, newestAttestation } from '../attestation/newest.ts'
import type { Issuer } from '../authority/issuer.ts'
import { fitsDevice } from '../elements/find-element.ts'
import type { Attestation, CertificateRecord, Device, Element, Key } from '../ledger/tables.ts'
import { decide, type Verdict } from '../policy/decide.ts'
import type { Proof } from '../policy/profile.ts'
import type { Host } from './certify.ts'
import type { Door, Doors } from './doors.ts'
import type { EnrolmentPorts } from './enrolment-ports.ts'
import { heldByTpm } from './held-by-tpm.ts'
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
  /** Whether a registrar asks who may also ask for renewals. */
  readonly mayRenew?: boolean
}

/** What policy says, and what the ledger knows of the key. */
export interface Judged {
  readonly verdict: Verdict
  /** Who signs, if the verdict is yes: of the chain that suits the key, or an upstream. */
  readonly host: Host
  readonly key: Key | undefined
  /** What was proved of where the key lives, if that was asked for. */
  readonly attestation: Attestation | undefined
  /** The element that the key lives in, if it was asked for and nobody said yet in which device it is. */
  readonly unboundElement: Element | undefined
}

/** Looks up what policy wants to know, and lets it decide. */
export async function judge(
  proved: ProvedRequest,
  asked: Case,
  ports: EnrolmentPorts,
): Promise<Judged> {
  const { device, proof, operation, door } = asked
  const host = hostFor(asked, proved.publicKey, ports.doors)
  const { authority, certificate } = host.kind === 'here' ? host.issuer : host.upstream.signer
  const inTwins = ports.doors.isTwin(authority.id)
  const isOfChain = (authority: string) => ports.doors.isTwin(authority) === inTwins
  const { fingerprint } = proved.publicKey
  const [key, attestation, current, fit] = await Promise.all([
    ports.ledger.find('key', 'fingerprint', [fingerprint]),
    isAsked(asked) ? newestAttestation(fingerprint, device.id, ports.ledger) : undefined,
    proof === 'tpm' ? heldByTpm(device, door.profile, ports) : asked.current,
    asksForElement(asked) ? fitsDevice(fingerprint, device, ports.ledger) : undefined,
  ])
  if (fit?.kind === 'refused')
    return { verdict: fit, key, host, attestation, unboundElement: undefined }
  // Before anybody waits for a person, or spends a permission, with a key that is known to be weak.
  const weak = refuseWeakKey(proved.publicKey, ports.keyLists)
  if (weak !== undefined)
    return { verdict: weak, key, host, attestation, unboundElement: undefined }
  const verdict = decide({
    ...{ operation, proof, device, proved, key, attestation, current },
    profile: door.profile,
    facts: { ...factsOf(door, device), ...moduleFacts(attestation) },
    // A code spends a permission or is refused, so policy asks for neither count: each would be a list.
    identitiesHeld:
      proof === 'code' ? 0 : await identitiesHeld(device.id, door.profile, isOfChain, ports),
    identitiesLately: proof === 'code' ? 0 : await identitiesLately(device.id, ports),
    mayRenew: asked.mayRenew ?? false,
    isOrdered: orderedFor(current?.record, ports.doors.orders) !== undefined,
    isCrossing: current !== undefined && !isOfChain(current.record.authority),
    now: ports.clock.now(),
    environment: authority.environment,
    issuerNotAfter: certificate.notAfter,
  })
  return { verdict, key, host, attestation, unboundElement: fit?.unbound }
}

/** Where nobody asks for a proof of the key's place, none is looked for: that would be a list a request. */
function isAsked({ proof, door }: Case): boolean {
  return proof === 'tpm' || proof === 'secure-element' || door.profile.attestation !== undefined
}

/** Whether elements count at this door: then a key has to be of the device's own, where either is known. */
function asksForElement({ proof, door }: Case): boolean {
  return (
    proof === 'secure-element' ||
    door.profile.attestation?.required.includes('secure-element') === true
  )
}

function hostFor(asked: Case, key: PublicKey, doors: Doors): Host {
  const { profile, upstream } = asked.door
  return upstream === undefined || profile.hosting === undefined
    ? { kind: 'here', issuer: issuerFor(asked, key, doors) }
    : { kind: 'upstream', upstream, hosting: profile.hosting }
}

/**
 * A device says by its key which chain it can use; a renewal stays in the chain of what it renews.
 *
 * An entrance on the twin itself has one chain only.
 */
function issuerFor({ operation, current, door }: Case, key: PublicKey, doors: Doors): Issuer {
  if (door.twin === undefined) return door.issuer
  const toTwin =
    operation === 'reenrol' && current !== undefined
      ? doors.isTwin(current.record.authority)
      : keyAlgorithms[key.algorithm].postQuantum
  return toTwin ? door.twin : door.issuer
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
