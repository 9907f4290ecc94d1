// SPDX-License-Identifier: Apache-2.0

import type { Certificate } from '#format/x509/certificate.ts'
import { readExtension } from '#format/x509/extension.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { anchorOf } from '#trust/trust-anchor.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { keyIdentifier } from './draft.ts'

export interface ForeignTrust {
  readonly name: string
  readonly certificate: Certificate
  /** The ids of the products whose expected devices it may vouch for. */
  readonly products: readonly string[]
  readonly environment: Authority['environment']
}

/**
 * Registers an authority whose birth certificates count for the expected devices of some products.
 *
 * It becomes an anchor as it stands: whether it is self-signed does not matter, that it may sign
 * certificates does.
 */
export async function trustForeign(
  { name, certificate, products, environment }: ForeignTrust,
  actor: Actor,
  ports: {
    readonly ledger: Ledger
    readonly clock: Clock
    readonly random: Randomness
    readonly keyLists: KeyLists
  },
): Promise<{ readonly kind: 'trusted'; readonly authority: Authority } | Refused> {
  const anchor = anchorOf(certificate, ports.keyLists)
  if (anchor.kind === 'refused') return anchor
  if (readExtension(certificate.extensions, 'basicConstraints')?.ca !== true) {
    return refuse(
      'input-wrong',
      'this certificate is no authority: its basicConstraints do not say CA',
    )
  }
  for (const product of products) {
    if ((await ports.ledger.read('product', product)) === undefined) {
      return refuse('not-found', `no product ${product} is here`)
    }
  }
  const now = ports.clock.now()
  const authority: Authority = {
    id: newId('authority', ports),
    version: 1,
    name,
    kind: 'foreign',
    environment,
    algorithm: anchor.anchor.publicKey.algorithm,
    parent: null,
    key: null,
    certificate: certificate.der,
    certificateSha256: sha256(certificate.der),
    subjectKeyIdentifier:
      readExtension(certificate.extensions, 'subjectKeyIdentifier') ??
      keyIdentifier(certificate.publicKey.der),
    state: 'active',
    notAfter: certificate.notAfter,
    issueUntil: certificate.notAfter,
    successor: null,
    createdAt: now,
    ...{ products, crlNumberFrom: null, origin: null, twin: null, keyEverHere: false },
  }
  const committed = await ports.ledger.commit({
    puts: [{ kind: 'authority', record: authority }],
    events: [
      {
        type: 'authority-trusted',
        at: now,
        actor,
        subjects: [authority.id, ...products],
        facts: { name, sha256: authority.certificateSha256.toHex() },
      },
    ],
  })
  if (committed.kind === 'committed') return { kind: 'trusted', authority }
  const what = committed.rule === 'name' ? `an authority named ${name}` : 'this certificate'
  return refuse('exists-already', `${what} is here already`)
}
