// SPDX-License-Identifier: Apache-2.0

import type { Ledger } from '#core/ledger/ledger.ts'
import type { CertificateRecord, Kind } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'

/** What certificates can be chosen by; several narrow each other. */
export const choices = [
  ...(['revocation', 'certificate', 'key', 'device', 'owner', 'registrar', 'lot'] as const),
  ...(['product', 'authority', 'serialPrefix', 'kind', 'profile', 'algorithm'] as const),
  ...(['expiringBefore', 'expiringAfter'] as const),
] as const

/** The choices of an act; instants in RFC 3339. */
export type Chosen = { readonly [C in (typeof choices)[number]]?: string }

const kindOfChoice = {
  ...{ revocation: 'revocation', certificate: 'certificate', key: 'key', device: 'device' },
  ...{ registrar: 'registrar', product: 'product', authority: 'authority' },
} as const satisfies Partial<Record<keyof Chosen, Kind>>

/** Why nothing can be chosen so: nothing is named, or what is named is not here. */
export async function refuseChosen(chosen: Chosen, ledger: Ledger): Promise<Refused | undefined> {
  if (Object.keys(chosen).length === 0)
    return refuse('input-wrong', `say what is meant, by one or more of: ${choices.join(', ')}`)
  for (const [choice, kind] of Object.entries(kindOfChoice)) {
    const id = chosen[choice as keyof typeof kindOfChoice]
    if (id !== undefined && (await ledger.read(kind, id)) === undefined)
      return refuse('not-found', `there is no ${kind} ${id}`)
  }
  return undefined
}

/** In the shape that the ledger keeps and that the log tells: without what was not said. */
export function readChosen(said: Readonly<Record<string, unknown>>): Chosen {
  return Object.fromEntries(
    choices.flatMap((choice) => {
      const value = said[choice]
      return typeof value === 'string' ? [[choice, value] as const] : []
    }),
  )
}

/** Whether a certificate is of what was chosen; the registrar that asked for it is not judged here. */
export function isChosen(certificate: CertificateRecord, chosen: Chosen): boolean {
  const { id, key, owner, lot, product, authority, kind, profile, algorithm } = certificate
  const columns: Chosen = {
    ...{ certificate: id, key, owner, device: owner, authority, kind, profile, algorithm },
    ...(lot !== null && { lot }),
    ...(product !== null && { product }),
  }
  return Object.entries(chosen).every(([choice, value]) => {
    switch (choice) {
      case 'registrar':
      case 'revocation':
        return true
      case 'serialPrefix':
        return certificate.deviceSerial?.startsWith(value) ?? false
      case 'expiringBefore':
        return isBefore(certificate.notAfter, value)
      case 'expiringAfter':
        return !isBefore(certificate.notAfter, value)
      default:
        return columns[choice as keyof Chosen] === value
    }
  })
}

function isBefore(instant: Temporal.Instant, other: string): boolean {
  return Temporal.Instant.compare(instant, Temporal.Instant.from(other)) < 0
}
