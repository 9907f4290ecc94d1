// SPDX-License-Identifier: Apache-2.0

import type { Ledger } from '#core/ledger/ledger.ts'
import type { CertificateRecord, Kind } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'

/** What certificates can be chosen by; several narrow each other. */
export const choices = [
  ...(['revocation', 'certificate', 'key', 'device', 'owner', 'registrar', 'lot'] as const),
  ...(['product', 'authority', 'serialPrefix', 'kind', 'profile', 'algorithm'] as const),
  ...(['expiringBefore', 'expiringAfter', 'finding', 'cause'] as const),
] as const

/** The choices of an act; instants in RFC 3339, a cause (of findings about keys) in hexadecimal. */
export type Chosen = { readonly [C in (typeof choices)[number]]?: string }

const kindOfChoice = {
  ...{ revocation: 'revocation', certificate: 'certificate', key: 'key', device: 'device' },
  ...{ registrar: 'registrar', product: 'product', authority: 'authority' },
  finding: 'keyFinding',
} as const satisfies Partial<Record<keyof Chosen, Kind>>

/** Why nothing can be chosen so: nothing is named, or what is named is not here. */
export async function refuseChosen(chosen: Chosen, ledger: Ledger): Promise<Refused | undefined> {
  if (Object.keys(chosen).length === 0)
    return refuse('input-wrong', `say what is meant, by one or more of: ${choices.join(', ')}`)
  const alone = refuseBeside(chosen)
  if (alone !== undefined) return alone
  for (const [choice, kind] of Object.entries(kindOfChoice)) {
    const id = chosen[choice as keyof typeof kindOfChoice]
    if (id !== undefined && (await ledger.read(kind, id)) === undefined)
      return refuse('not-found', `there is no ${kind} ${id}`)
  }
  return undefined
}

/** What leads to certificates by a list of its own, and cannot be read off them, or an act: two of these lead nowhere. */
const leading = ['finding', 'cause', 'registrar', 'revocation'] as const

function refuseBeside(chosen: Chosen): Refused | undefined {
  const said = leading.filter((choice) => chosen[choice] !== undefined)
  const isOfFinding = chosen.finding !== undefined || chosen.cause !== undefined
  return isOfFinding && said.length > 1
    ? refuse('input-wrong', `choose by ${said.join(' or by ')}, not by both`)
    : undefined
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

/** Whether a certificate is of what was chosen; what leads by a list of its own is not judged here. */
export function isChosen(certificate: CertificateRecord, chosen: Chosen): boolean {
  const { id, key, owner, lot, product, authority, kind, profile, algorithm, revocation } =
    certificate
  const columns: Chosen = {
    ...{ certificate: id, key, owner, device: owner, authority, kind, profile, algorithm },
    ...(lot !== null && { lot }),
    ...(product !== null && { product }),
    ...(revocation !== null && { revocation }),
  }
  return Object.entries(chosen).every(([choice, value]) => {
    switch (choice) {
      case 'registrar':
      case 'finding':
      case 'cause':
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
