// SPDX-License-Identifier: Apache-2.0
import type { AuditEvent, EventType } from '#core/audit/event.ts'
import { newId } from '#core/ledger/ids.ts'
import { settle } from '#core/ledger/settle.ts'
import type { ApproverKey, Key, Person } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { sameBytes } from '#format/bytes.ts'
import { FormatError } from '#format/format-error.ts'
import {
  type ApproverStatement,
  parseApproverStatement,
} from '#format/release/approver-statement.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { verifyStatement } from '#trust/approval/verify-statement.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { refuse } from '#trust/refusal.ts'
import { signsItself } from '#trust/self-signed.ts'
import { importSoundKey } from '#trust/sound-key.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'
import type { ApprovalPorts } from '../ports.ts'
import { implausibleTime } from '../statement-time.ts'

export interface Registration {
  /** Canonical JSON, as it was signed. */
  readonly statement: Uint8Array
  /** Detached CMS, DER. */
  readonly signature: Uint8Array
  /** DER, the one over the key first; those above it in any order. */
  readonly chain: readonly Uint8Array[]
}

export interface RegisterPorts extends ApprovalPorts {
  readonly keyLists: KeyLists
}

export type KeyChanged = { readonly kind: 'changed'; readonly key: ApproverKey } | Refused

/**
 * Takes in the key by which a person will approve, as the person proved to be here and to hold it.
 *
 * It is known from now on for ever, with this owner and this purpose; it approves nothing before another
 * administrator has confirmed it.
 */
export async function registerKey(
  { statement: bytes, signature, chain }: Registration,
  person: Person,
  ports: RegisterPorts,
): Promise<KeyChanged> {
  const { ledger, clock } = ports
  const statement = readStatement(bytes)
  if ('reason' in statement) return statement
  const now = clock.now()
  const no = refusePerson(statement, person) ?? implausibleTime(statement.statedAt, now)
  if (no !== undefined) return no
  const publicKey = soundKeyIn(statement, ports.keyLists)
  if ('reason' in publicKey) return publicKey
  const wrong =
    (await verifyStatement(bytes, signature, publicKey)) ?? refuseChain(chain, publicKey)
  if (wrong !== undefined) return wrong
  if ((await ledger.find('key', 'fingerprint', [publicKey.fingerprint])) !== undefined)
    return refuse(
      'key-has-another-owner',
      'this key is known here already: an approver key is new, and used for nothing else',
    )
  const key = keyOf(publicKey, statement, person, now, ports)
  const record: ApproverKey = {
    ...{ id: newId('approverKey', ports), version: 1, person: person.id, key: key.id },
    ...{ fingerprint: publicKey.fingerprint, spki: publicKey.spki },
    ...{ name: statement.name, role: statement.role, kept: statement.kept },
    chain: chain.map((der) => der.toBase64()),
    ...{ statement: bytes, signature, state: 'waiting', addedAt: now },
    ...{ confirmedBy: null, confirmedAt: null },
    ...{ endedBy: null, endedAt: null, endedBecause: null },
  }
  const actor = { kind: 'person', id: person.id } as const
  const refused = await settle(
    {
      puts: [
        { kind: 'key', record: key },
        { kind: 'approverKey', record },
      ],
      events: [toldOfKey('approver-key-registered', record, actor, now)],
    },
    ledger,
  )
  return refused ?? { kind: 'changed', key: record }
}

export function toldOfKey(
  type: EventType & `approver-key-${string}`,
  { id, person, name, role, fingerprint }: ApproverKey,
  actor: AuditEvent['actor'],
  at: Temporal.Instant,
  more: AuditEvent['facts'] = {},
): AuditEvent {
  const facts = { name, role, keyFingerprint: fingerprint.toHex(), ...more }
  return { type, at, actor, subjects: [id, person], facts }
}

function readStatement(bytes: Uint8Array): ApproverStatement | Refused {
  try {
    return parseApproverStatement(bytes)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse(
      'approval-statement-wrong',
      `what was signed is no registration: ${error.message}`,
    )
  }
}

function refusePerson({ account }: ApproverStatement, person: Person): Refused | undefined {
  if (person.role === 'auditor')
    return refuse('not-permitted', `${person.name} is auditor, and approves nothing`)
  if (account !== person.name)
    return refuse(
      'approval-statement-wrong',
      `the key was signed for the account ${account}, and ${person.name} sends it`,
    )
  return undefined
}

function soundKeyIn({ publicKey }: ApproverStatement, lists: KeyLists): PublicKey | Refused {
  try {
    return importSoundKey(parseSubjectPublicKeyInfo(publicKey), lists)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('key-malformed', `the approver key cannot be read: ${error.message}`)
  }
}

/** Who vouches for the key is for those who check without us; here it has to be of this key, and whole. */
function refuseChain(chain: readonly Uint8Array[], publicKey: PublicKey): Refused | undefined {
  const certificates: Certificate[] = []
  try {
    for (const der of chain) certificates.push(parseCertificate(der, { unknownCritical: 'keep' }))
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('input-wrong', `a certificate of the approver cannot be read: ${error.message}`)
  }
  const [own] = certificates
  if (own === undefined)
    return refuse(
      'input-wrong',
      'a certificate over the key is missing: one by the key itself does',
    )
  const imported = importPublicKey(own.publicKey)
  if ('kind' in imported || !sameBytes(imported.fingerprint, publicKey.fingerprint))
    return refuse('input-wrong', 'the first certificate is of another key than the approver key')
  if (certificates.length === 1 && sameBytes(own.issuer.der, own.subject.der) && !signsItself(own))
    return refuse('signature-wrong', 'the certificate over the key was not made by it')
  return undefined
}

function keyOf(
  publicKey: PublicKey,
  { kept }: ApproverStatement,
  person: Person,
  now: Temporal.Instant,
  ports: ApprovalPorts,
): Key {
  return {
    ...{ id: newId('key', ports), version: 1, fingerprint: publicKey.fingerprint },
    ...{ algorithm: publicKey.algorithm, bits: publicKey.bits, spki: publicKey.spki },
    // Nobody but its owner saw where it was made.
    ...{ origin: 'device', protection: kept === 'file' ? 'software' : 'unknown' },
    ...{ attested: false, exportable: null, purpose: 'approver', environment: ports.environment },
    ...{ owner: person.id, state: 'active', moduleCertificate: null, custody: null },
    ...{ activatedAt: now, deactivateAt: null },
  }
}
