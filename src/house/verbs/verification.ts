// SPDX-License-Identifier: Apache-2.0
import type { Actor } from '#core/audit/event.ts'
import type { Refused } from '#core/refusal.ts'
import { type Verification, verify } from '#core/verification/verify.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import { FormatError } from '#format/format-error.ts'
import { parseChainText } from '#format/x509/chain-text.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { readWords } from '../words.ts'

/** What applications ask of those who speak to them. */
export function verificationVerbs(core: Core): Pick<Verbs, 'certificate.verify'> {
  const words = readWords()
  return {
    'certificate.verify': async (
      { chain: text, purpose, birth: acceptsBirth, ...wanted },
      { caller },
    ) => {
      const chain = chainIn(text)
      if ('reason' in chain) return chain
      const products = await productsOf(caller.actor, core)
      const verification = await verify({ chain, purpose, acceptsBirth, wanted, products }, core)
      await noteAlarming(verification, caller.source, core)
      const { reason = null, detail = null } =
        verification.kind === 'refused' ? verification : ({} as Partial<Refused>)
      return {
        ...{ trusted: verification.kind === 'trusted', reason, because: detail },
        remedy: reason === null ? null : (words.get(reason)?.remedy ?? null),
        ...showKnown(verification.known),
      }
    },
  }
}

/** An application that was registered for some products hears a no about the devices of all others. */
async function productsOf(
  { kind, id }: Actor,
  { ledger }: Pick<Core, 'ledger'>,
): Promise<readonly string[] | undefined> {
  if (kind !== 'application') return undefined
  const { products = [] } = (await ledger.read('application', id)) ?? {}
  return products.length === 0 ? undefined : products
}

function chainIn(text: string): readonly Uint8Array[] | Refused {
  try {
    return parseChainText(text)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('input-wrong', `chain: ${error.message}`)
  }
}

/** That our key signed what nobody booked is worth an event; all other answers are the application's own matter. */
export async function noteAlarming(
  verification: Verification,
  source: string,
  { refusals }: Pick<Core, 'refusals'>,
): Promise<void> {
  if (verification.kind !== 'refused' || verification.reason !== 'certificate-unknown') return
  const { reason, detail, known } = verification
  const subjects = known === undefined ? [] : [known.record.id]
  await refusals.note({ reason, detail, source, subjects })
}

function showKnown(known: Verification['known']) {
  const { record, authority, device, product, application } = known ?? {}
  return {
    certificate: record?.id ?? null,
    kind: record?.kind ?? null,
    owner: record?.owner ?? null,
    device: device?.id ?? null,
    serial: device?.serial ?? null,
    state: device?.state ?? null,
    product: product?.id ?? null,
    productName: product?.name ?? null,
    lot: device?.lot ?? null,
    application: application?.id ?? null,
    applicationName: application?.name ?? null,
    subject: record?.subject ?? null,
    profile: record?.profile ?? null,
    authority: record?.authority ?? null,
    environment: authority?.environment ?? null,
    until: record?.notAfter.toString() ?? null,
  }
}
