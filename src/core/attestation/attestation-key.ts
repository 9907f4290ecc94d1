// SPDX-License-Identifier: Apache-2.0
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { issue, type Occasion } from '../authority/issue.ts'
import { Fault } from '../fault.ts'
import type { CertificateRecord, Device, Key } from '../ledger/tables.ts'
import { newestProfile } from '../policy/apply-profile.ts'
import type { Approved } from '../policy/approved.ts'
import { approveAttestationKey, mostLately } from '../policy/decide.ts'
import { parseProfile } from '../policy/document/parse-profile.ts'
import type { CertificateFacts, Profile } from '../policy/profile.ts'
import { tpmSet } from '../policy/ready/tpm-set.ts'
import type { Refused } from '../refusal.ts'
import type { AttestationDoor, AttestationPorts } from './ports.ts'

/** The profile of these certificates, by its name. */
const profileName = 'attestation'

/** A certificate that has so much of its life before it is not followed by another. */
const renewedAfterShare = 0.5

/** Of a device's certificates, those that are looked at. */
const looked = 100

/** An attestation key whose TPM proved it, and for whom. */
export interface ProvedAttestationKey {
  readonly publicKey: PublicKey
  readonly device: Device
  readonly door: AttestationDoor
  readonly module: Pick<CertificateFacts, 'module' | 'moduleCertificate'>
  readonly sourceAddress: string
}

/** What will become of the key's certificate. */
export type Prepared =
  /** It has one that will do. */
  | { readonly kind: 'held'; readonly certificate: Uint8Array }
  | {
      readonly kind: 'approved'
      readonly approved: Approved
      readonly key: Key | undefined
      readonly replaces: CertificateRecord | undefined
    }
  | Refused

/**
 * Asks policy whether the key may have a certificate; nothing is booked.
 *
 * A key of another owner or purpose is refused here, before anything that it attests is believed.
 */
export async function prepareAttestationKey(
  proved: ProvedAttestationKey,
  ports: AttestationPorts,
): Promise<Prepared> {
  const { publicKey, device, door, module } = proved
  const key = await ports.ledger.find('key', 'fingerprint', [publicKey.fingerprint])
  const profile = await profileOf(ports)
  const replaces = key && (await certificateOf(device, key, ports))
  const verdict = approveAttestationKey({
    ...{ profile, device, publicKey, key, replaces, environment: ports.environment },
    facts: {
      ...{ maker: door.party.name, product: door.product.name, serial: device.serial },
      ...(device.hardwareRevision !== null && { hardwareRevision: device.hardwareRevision }),
      ...(device.lot !== null && { lot: device.lot }),
      ...module,
    },
  })
  if (verdict.kind === 'refused') return verdict
  // The chain that is told with it is that of the door's issuer.
  const isOfDoor = replaces?.authority === door.issuer.authority.id
  const held = replaces && isOfDoor ? await bytesIfYoung(replaces, ports) : undefined
  if (held !== undefined) return { kind: 'held', certificate: held }
  return (
    (await checkPace(device, ports)) ?? {
      ...{ kind: 'approved', approved: verdict.approved, key, replaces },
    }
  )
}

/** All certificates stay in the ledger for ever, and a wild device could make ever new keys. */
async function checkPace(
  { id, serial }: Device,
  { ledger, clock }: AttestationPorts,
): Promise<Refused | undefined> {
  const query = { by: 'owner', equal: [id], descending: true, limit: mostLately } as const
  const { items } = await ledger.list('certificate', query)
  const since = clock.now().subtract({ hours: 24 })
  const lately = items.filter((one) => Temporal.Instant.compare(one.reservedAt, since) > 0)
  return lately.length < mostLately
    ? undefined
    : refuse(
        'rate-limited',
        `device ${serial} was given ${mostLately} certificates in the last 24 hours; wait until the first of them is a day old`,
      )
}

/** Issues what was approved, or gives what the key has; the chain above it follows. */
export async function certifyAttestationKey(
  prepared: Exclude<Prepared, Refused>,
  proved: ProvedAttestationKey,
  ports: AttestationPorts,
): Promise<readonly Uint8Array[] | Refused> {
  const { issuer } = proved.door
  if (prepared.kind === 'held') return [prepared.certificate, ...ports.chainOf(issuer)]
  const occasion = occasionOf(prepared, proved, ports)
  const issued = await issue(prepared.approved, { kind: 'issuer', issuer }, occasion, ports)
  if (issued.kind === 'conflict')
    return refuse('busy', 'something else happened to this key at the same moment; try again')
  return issued.kind === 'refused' ? issued : [issued.certificate, ...ports.chainOf(issuer)]
}

function occasionOf(
  { key, replaces }: Prepared & { readonly kind: 'approved' },
  { device, door, sourceAddress }: ProvedAttestationKey,
  ports: AttestationPorts,
): Occasion {
  return {
    actor: { kind: 'device', id: device.id },
    key,
    keyFacts: { origin: 'device', protection: 'tpm', exportable: false, attested: true },
    environment: ports.environment,
    enrolment: {
      protocol: 'attestation',
      operation: replaces === undefined ? 'enrol' : 'renew',
      entrance: door.entrance.id,
      // Its TPM opened what was sealed for it; a restricted key signs no request.
      request: new Uint8Array(),
      ...{ proof: 'tpm', credential: null, possession: 'activation', sourceAddress },
    },
    reserveWith: () => [],
  }
}

/** The newest version in force; of an installation older than the profile, the one that comes with the program. */
async function profileOf({ ledger }: AttestationPorts): Promise<Profile> {
  const record = await newestProfile(profileName, ledger)
  const ready = tpmSet.find(({ name }) => name === profileName)
  const parsed = parseProfile(record?.document ?? ready)
  if (parsed.kind === 'faults')
    throw new Fault('ledger-damaged', `profile ${profileName} does not read`)
  return { ...parsed.profile, version: record?.number ?? parsed.profile.version }
}

async function certificateOf(
  device: Device,
  key: Key,
  { ledger, clock }: AttestationPorts,
): Promise<CertificateRecord | undefined> {
  const query = { by: 'owner', equal: [device.id], descending: true, limit: looked } as const
  const { items } = await ledger.list('certificate', query)
  const now = clock.now()
  return items.find(
    (one) =>
      one.key === key.id &&
      one.state === 'issued' &&
      Temporal.Instant.compare(one.notAfter, now) > 0,
  )
}

async function bytesIfYoung(
  { id, notBefore, notAfter }: CertificateRecord,
  { ledger, clock }: AttestationPorts,
): Promise<Uint8Array | undefined> {
  const life = notAfter.epochMilliseconds - notBefore.epochMilliseconds
  const due = notBefore.add({ milliseconds: Math.floor(life * renewedAfterShare) })
  if (Temporal.Instant.compare(clock.now(), due) >= 0) return undefined
  return (await ledger.read('encoding', id))?.der
}
