// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '../ledger/ledger.ts'
import type { Key } from '../ledger/tables.ts'

export interface KeyOwner {
  readonly key: Key
  /** As people call it: a serial, the name of an authority or a program, else the id. */
  readonly name: string
  readonly certificates: number
  /** Those that are to be believed now, as far as the ledger says. */
  readonly inForce: number
}

/** Whose key has this canonical fingerprint; undefined: it is not known here. */
export async function ownerOfKey(
  fingerprint: Uint8Array,
  ledger: Ledger,
): Promise<KeyOwner | undefined> {
  const key = await ledger.find('key', 'fingerprint', [fingerprint])
  if (key === undefined) return undefined
  const own = { by: 'owner', equal: [key.owner] } as const
  const [certificates, inForce, name] = await Promise.all([
    ledger.count('certificate', { ...own, where: { key: key.id } }),
    ledger.count('certificate', { ...own, where: { key: key.id, state: 'issued' } }),
    nameOf(key.owner, ledger),
  ])
  return { key, name, certificates, inForce }
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
