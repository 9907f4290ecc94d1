// SPDX-License-Identifier: Apache-2.0
/** Whoever speaks for devices is registered first: registrars and proxies, by their certificates. */

import type { Actor, AuditEvent } from '#core/audit/event.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Ledger, Put } from '#core/ledger/ledger.ts'
import { settle } from '#core/ledger/settle.ts'
import type { Key, ProxyRecord, Registrar } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { Refused } from '#core/refusal.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { sha256 } from '#trust/digest.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { importSoundKey } from '#trust/sound-key.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import { isRegistrars } from './speak-for.ts'

interface RegisteringPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly environment: Key['environment']
  readonly keyLists: KeyLists
}

export interface NewRegistrar {
  readonly name: string
  readonly certificate: Certificate
  /** Ids of the products whose devices it may speak for. */
  readonly products: readonly string[]
  /** Undefined: as long as its certificate is good. */
  readonly expiresAt: Temporal.Instant | undefined
  /** Whether it also asks for devices that have an identity already, as another installation does. */
  readonly renews?: boolean
}

/**
 * Lets a machine ask on behalf of the devices of some products; its certificate must say id-kp-cmcRA.
 *
 * One that was removed comes back under its name, with the same certificate or a new one.
 */
export async function addRegistrar(
  asked: NewRegistrar,
  actor: Actor,
  ports: RegisteringPorts,
): Promise<{ readonly kind: 'added'; readonly registrar: Registrar } | Refused> {
  const { name, certificate, products } = asked
  if (!isRegistrars(certificate)) {
    return refuse(
      'certificate-wrong-purpose',
      "the certificate is no registrar's: its extKeyUsage does not name id-kp-cmcRA (1.3.6.1.5.5.7.3.28)",
    )
  }
  for (const product of products) {
    if ((await ports.ledger.read('product', product)) === undefined)
      return refuse('not-found', `no product ${product} is here`)
  }
  const now = ports.clock.now()
  const expiresAt = asked.expiresAt ?? certificate.notAfter
  if (Temporal.Instant.compare(expiresAt, now) <= 0)
    return refuse('input-wrong', `it would speak until ${expiresAt}, which is over`)
  const row = rowOf(await ports.ledger.find('registrar', 'name', [name]))
  const id = row.id ?? newId('registrar', ports)
  const key = await keyOf(certificate, id, ports)
  if (key.kind === 'refused') return key
  const certificateSha256 = sha256(certificate.der)
  const registrar: Registrar = {
    ...{ id, version: row.version, name, key: key.id, certificateSha256, products },
    ...{ state: 'active', createdAt: now, expiresAt, renews: asked.renews ?? null },
  }
  const refused = await settle(
    {
      puts: [...key.puts, { kind: 'registrar', record: registrar }],
      events: [
        {
          type: 'registrar-added',
          ...{ at: now, actor, subjects: [id, key.id, ...products] },
          facts: {
            ...{ name, sha256: certificateSha256.toHex(), until: expiresAt.toString() },
            ...(asked.renews && { renews: true }),
          },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'added', registrar }
}

/**
 * Believes a proxy that ends TLS about whose certificate it saw and where a request came from.
 *
 * One that was removed comes back under its name, as a registrar does.
 */
export async function addProxy(
  { name, certificate }: { readonly name: string; readonly certificate: Certificate },
  actor: Actor,
  ports: RegisteringPorts,
): Promise<{ readonly kind: 'added'; readonly proxy: ProxyRecord } | Refused> {
  const now = ports.clock.now()
  const row = rowOf(await ports.ledger.find('proxy', 'name', [name]))
  const id = row.id ?? newId('proxy', ports)
  const key = await keyOf(certificate, id, ports)
  if (key.kind === 'refused') return key
  const certificateSha256 = sha256(certificate.der)
  const proxy: ProxyRecord = {
    ...{ id, version: row.version, name, key: key.id, certificateSha256 },
    ...{ state: 'active', createdAt: now },
  }
  const refused = await settle(
    {
      puts: [...key.puts, { kind: 'proxy', record: proxy }],
      events: [
        {
          type: 'proxy-added',
          ...{ at: now, actor, subjects: [id, key.id] },
          facts: { name, sha256: certificateSha256.toHex() },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'added', proxy }
}

/** From now on it speaks for nobody; what it asked for before stays. */
export async function removeRegistrar(registrar: Registrar, actor: Actor, ports: RegisteringPorts) {
  const record: Registrar = { ...registrar, version: registrar.version + 1, state: 'removed' }
  const refused = await remove({ kind: 'registrar', record }, 'registrar-removed', actor, ports)
  return refused ?? ({ kind: 'removed', record } as const)
}

/** From now on its word counts no more than a stranger's. */
export async function removeProxy(proxy: ProxyRecord, actor: Actor, ports: RegisteringPorts) {
  const record: ProxyRecord = { ...proxy, version: proxy.version + 1, state: 'removed' }
  const refused = await remove({ kind: 'proxy', record }, 'proxy-removed', actor, ports)
  return refused ?? ({ kind: 'removed', record } as const)
}

function remove(
  put: Extract<Put, { kind: 'registrar' | 'proxy' }>,
  type: AuditEvent['type'],
  actor: Actor,
  { ledger, clock }: RegisteringPorts,
): Promise<Refused | undefined> {
  const { id, key, name } = put.record
  const event = { type, at: clock.now(), actor, subjects: [id, key], facts: { name } }
  return settle({ puts: [put], events: [event] }, ledger)
}

/** The row that a name takes: a new one, or that of a namesake that was removed. */
function rowOf<Id extends string>(
  namesake: { readonly id: Id; readonly version: number; readonly state: string } | undefined,
): { readonly id: Id | undefined; readonly version: number } {
  if (namesake?.state !== 'removed') return { id: undefined, version: 1 }
  return { id: namesake.id, version: namesake.version + 1 }
}

type KeyFound =
  | { readonly kind: 'key'; readonly id: string; readonly puts: readonly Put[] }
  | Refused

/**
 * Its key: one that was certified here to speak with, or one that nobody here had before, which is its
 * own from now on.
 */
async function keyOf(
  certificate: Certificate,
  owner: string,
  ports: RegisteringPorts,
): Promise<KeyFound> {
  const publicKey = importSoundKey(certificate.publicKey, ports.keyLists)
  if ('kind' in publicKey) return publicKey
  const [own, known] = await Promise.all([
    ports.ledger.find('certificate', 'sha256', [sha256(certificate.der)]),
    ports.ledger.find('key', 'fingerprint', [publicKey.fingerprint]),
  ])
  const isOurs = own?.state === 'issued' && own.key === known?.id
  const isAnotherOfIts = known?.owner.slice(0, 3) === owner.slice(0, 3)
  if (known !== undefined && known.state === 'active' && (isOurs || isAnotherOfIts))
    return { kind: 'key', id: known.id, puts: [] }
  if (known !== undefined)
    return refuse('key-has-another-owner', 'this key is known here already; make a new one for it')
  const key = newKey(publicKey, owner, ports)
  return { kind: 'key', id: key.id, puts: [{ kind: 'key', record: key }] }
}

function newKey(
  { fingerprint, algorithm, bits, spki }: PublicKey,
  owner: string,
  ports: RegisteringPorts,
): Key {
  return {
    ...{ id: newId('key', ports), version: 1, fingerprint, algorithm, bits, spki, owner },
    ...{ origin: 'device', protection: 'unknown', attested: false, exportable: null },
    ...{ purpose: 'client', environment: ports.environment, state: 'active' },
    ...{
      moduleCertificate: null,
      custody: null,
      activatedAt: ports.clock.now(),
      deactivateAt: null,
    },
  }
}
