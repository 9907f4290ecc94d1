// SPDX-License-Identifier: Apache-2.0
import { parseCertificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey } from '#trust/public-key.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Authority, Key } from '../ledger/tables.ts'

export interface KeyOwner {
  /** Canonical, hexadecimal. */
  readonly fingerprint: string
  /** Null: of an authority whose key was made elsewhere. */
  readonly key: Key | null
  /** An id. */
  readonly owner: string
  /** As people call it: a serial, the name of an authority or a program, else the id. */
  readonly name: string
  readonly purpose: string
  readonly certificates: number
  /** Those that are to be believed now, as far as the ledger says. */
  readonly inForce: number
  /** Of an authority: so many devices have what it or an authority below it issued; null: of somebody else. */
  readonly devices: number | null
  /** Who else proved that it holds the key, where somebody did. */
  readonly sharedWith: string | null
}

/** Whose keys have these canonical fingerprints; what is not told of is not known here. */
export async function ownersOfKeys(
  fingerprints: readonly string[],
  ledger: Ledger,
): Promise<readonly KeyOwner[]> {
  const { items: authorities } = await ledger.list('authority', { limit: 1_000 })
  const withoutKeys = new Map(
    authorities
      .filter(({ key }) => key === null)
      .flatMap((authority) => {
        const fingerprint = fingerprintOf(authority)
        return fingerprint === undefined ? [] : [[fingerprint, authority] as const]
      }),
  )
  const owners = await Promise.all(
    fingerprints.map(async (fingerprint) => {
      const key = await ledger.find('key', 'fingerprint', [Uint8Array.fromHex(fingerprint)])
      if (key !== undefined) return ownerOf(fingerprint, key, authorities, ledger)
      const authority = withoutKeys.get(fingerprint)
      return authority && authorityElsewhere(fingerprint, authority, authorities, ledger)
    }),
  )
  return owners.filter((owner) => owner !== undefined)
}

function fingerprintOf({ certificate }: Authority): string | undefined {
  const key = importPublicKey(parseCertificate(certificate).publicKey)
  return 'reason' in key ? undefined : key.fingerprint.toHex()
}

async function ownerOf(
  fingerprint: string,
  key: Key,
  authorities: readonly Authority[],
  ledger: Ledger,
): Promise<KeyOwner> {
  const own = { by: 'owner', equal: [key.owner] } as const
  const authority = authorities.find(({ id }) => id === key.owner)
  const [certificates, inForce, name, devices, shared] = await Promise.all([
    ledger.count('certificate', { ...own, where: { key: key.id } }),
    ledger.count('certificate', { ...own, where: { key: key.id, state: 'issued' } }),
    nameOf(key.owner, ledger),
    authority === undefined ? null : devicesBelow(authority, authorities, ledger),
    ledger.find('keyFinding', 'once', [key.id, 'key-shared', sha256(key.fingerprint)]),
  ])
  const other = shared?.facts['otherName']
  return {
    ...{ fingerprint, key, owner: key.owner, name, certificates, inForce, devices },
    purpose: key.purpose,
    sharedWith: other === undefined || other === null ? null : String(other),
  }
}

/** A root of a ceremony, or a foreign authority: its certificate is all that is here. */
async function authorityElsewhere(
  fingerprint: string,
  authority: Authority,
  authorities: readonly Authority[],
  ledger: Ledger,
): Promise<KeyOwner> {
  return {
    ...{ fingerprint, key: null, owner: authority.id, name: `authority ${authority.name}` },
    ...{ certificates: 1, inForce: authority.state === 'retired' ? 0 : 1, sharedWith: null },
    ...{ purpose: authority.kind, devices: await devicesBelow(authority, authorities, ledger) },
  }
}

/** Each device is counted where its working identity is from; one without any where its birth identity is. */
async function devicesBelow(
  { id }: Pick<Authority, 'id'>,
  authorities: readonly Authority[],
  ledger: Ledger,
): Promise<number> {
  const [working, births, ...below] = await Promise.all([
    ledger.count('device', { by: 'under', equal: [id] }),
    ledger.count('certificate', {
      ...{ by: 'under', equal: [id, 'birth'], where: { state: 'issued' } },
    }),
    ...authorities
      .filter(({ parent, id: own }) => parent === id && own !== id)
      .map((authority) => devicesBelow(authority, authorities, ledger)),
  ])
  return Math.max(working, births) + below.reduce((sum, count) => sum + count, 0)
}

async function nameOf(owner: string, ledger: Ledger): Promise<string> {
  const kind = owner.slice(0, 4)
  if (kind === 'dev_') {
    const device = await ledger.read('device', owner)
    return device === undefined ? owner : `device ${device.serial}`
  }
  if (kind === 'aut_') {
    const authority = await ledger.read('authority', owner)
    return authority === undefined ? owner : `authority ${authority.name}`
  }
  if (kind === 'app_') {
    const application = await ledger.read('application', owner)
    return application === undefined ? owner : `application ${application.name}`
  }
  return owner
}
