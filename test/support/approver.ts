// SPDX-License-Identifier: Apache-2.0
/** People with keys of their own, by which they approve. */
import assert from 'node:assert/strict'
import { confirmKey } from '#core/approvals/keys/confirm-key.ts'
import { registerKey } from '#core/approvals/keys/register-key.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import type { ApproverKey, Person } from '#core/ledger/tables.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import {
  type ApprovalStatement,
  encodeApprovalStatement,
} from '#format/release/approval-statement.ts'
import {
  type ApproverStatement,
  encodeApproverStatement,
} from '#format/release/approver-statement.ts'
import { type KeyAlgorithmName, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { certifyApprover } from '#trust/approval/approver-certificate.ts'
import { type StatementSigner, signStatement } from '#trust/approval/sign-statement.ts'
import { generateKey, type KeyPair, sign } from '#trust/private-key.ts'
import type { KeyLists } from '#trust/weak-keys/key-lists.ts'

export interface ApproverPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
  readonly environment: 'trial' | 'test' | 'production'
  readonly keyLists: KeyLists
}

/** An account, as it is once its person has joined. */
export async function addPerson(
  name: string,
  { ledger, clock, random }: ApproverPorts,
  role: Person['role'] = 'operator',
): Promise<Person> {
  const person: Person = {
    ...{ id: newId('person', { clock, random }), version: 1, name, role, state: 'active' },
    ...{ passphrase: null, createdAt: clock.now(), signedInAt: null, hasJoined: true },
  }
  await ledger.commit({ puts: [{ kind: 'person', record: person }], events: [] })
  return person
}

/** A signer with a key in memory and a certificate by that key. */
export async function makeSigner(
  name: string,
  at: Temporal.Instant,
  algorithm: KeyAlgorithmName = 'p-256',
  pair?: KeyPair,
): Promise<StatementSigner> {
  const { privateKey, publicKey } = pair ?? (await generateKey(algorithm))
  const row = signatureAlgorithmFor(publicKey.algorithm)
  const bare = {
    ...{ publicKey, algorithm: row.name },
    sign: (bytes: Uint8Array) => sign(privateKey, row, bytes),
  }
  const serial = publicKey.fingerprint.slice(0, 16)
  serial[0] = 1
  return { ...bare, chain: [await certifyApprover(name, bare, serial, at)] }
}

/** RFC 3339 with whole seconds, as an approver's machine writes it. */
export function stated(at: Temporal.Instant): string {
  return at.toString({ smallestUnit: 'second' })
}

export async function registrationOf(
  signer: StatementSigner,
  account: string,
  at: Temporal.Instant,
  more: Partial<ApproverStatement> = {},
) {
  const statement = encodeApproverStatement({
    ...{ account, name: account, role: 'quality', kept: 'file', statedAt: stated(at) },
    ...{ publicKey: signer.publicKey.spki, ...more },
  })
  const signature = await signStatement(statement, signer, at)
  return { statement, signature, chain: signer.chain }
}

export interface Approver {
  readonly person: Person
  readonly key: ApproverKey
  readonly signer: StatementSigner
}

/** Somebody whose key was registered and confirmed. */
export async function addApprover(
  name: string,
  ports: ApproverPorts,
  more: Partial<Pick<ApproverStatement, 'name' | 'role'>> & {
    readonly person?: Person
    readonly algorithm?: KeyAlgorithmName
  } = {},
): Promise<Approver> {
  const { person: known, algorithm, ...said } = more
  const person = known ?? (await addPerson(name, ports))
  const at = ports.clock.now()
  const signer = await makeSigner(said.name ?? name, at, algorithm)
  const registration = await registrationOf(signer, person.name, at, said)
  const registered = await registerKey(registration, person, ports)
  if (registered.kind === 'refused') assert.fail(registered.detail)
  const administrator = await addPerson(`admin of ${person.name} ${at}`, ports, 'administrator')
  const { fingerprint } = registered.key
  const confirmed = await confirmKey(registered.key, fingerprint, administrator, ports)
  if (confirmed.kind === 'refused') assert.fail(confirmed.detail)
  return { person, key: confirmed.key, signer }
}

/** A statement signed by an approver, with whatever a test wants otherwise. */
export async function signedBy(
  { person, key, signer }: Approver,
  said: Pick<
    ApprovalStatement,
    'release' | 'manifestSha256' | 'product' | 'version' | 'environment'
  > &
    Partial<ApprovalStatement>,
  at: Temporal.Instant,
) {
  const statement = encodeApprovalStatement({
    ...{ act: 'approve', meaning: 'reviewed and approved for release', emergency: null },
    person: { id: person.id, name: key.name, role: key.role },
    ...{ key: key.fingerprint.toHex(), statedAt: stated(at), ...said },
  })
  return { statement, signature: await signStatement(statement, signer, at) }
}
