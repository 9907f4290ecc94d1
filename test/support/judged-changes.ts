// SPDX-License-Identifier: Apache-2.0
/** One change of each kind after which a release may be signed no more, and how a digest of it is signed. */
import assert from 'node:assert/strict'
import type { PolicyRules } from '#core/approvals/policy/rules.ts'
import { usualRules } from '#core/approvals/policy/rules.ts'
import { newId } from '#core/ledger/ids.ts'
import type { Put } from '#core/ledger/ledger.ts'
import type { Approval, ArtefactKey, Product, Release } from '#core/ledger/tables.ts'
import type { NewRelease } from '#core/releases/create.ts'
import { makeArtefactKey } from '#core/signing/make-key.ts'
import { signDigest } from '#core/signing/sign-digest.ts'
import type { Core } from '#house/core.ts'
import { signingPorts } from '#house/verbs/signing.ts'
import { keyPorts } from '#house/verbs/signing-keys.ts'
import { sha256 } from '#trust/digest.ts'
import { approvedNow, notedClean } from './approved-release.ts'
import { addPump, operator } from './core.ts'
import { attached, newRelease, stored } from './releases.ts'

/** An approved release of which digests are signed. */
export interface BeingSigned {
  readonly product: Product
  readonly key: ArtefactKey
  readonly release: Release
  readonly digests: readonly Uint8Array[]
}

const people = 2

function rulesAsking(people: number): PolicyRules {
  const demand = {
    checks: { scan: { atMostDays: 30, here: false }, securityVersionRises: true },
    approvals: { people },
  }
  return { ...usualRules, trial: demand, production: demand }
}

async function policyOf(product: Product, people: number, core: Core): Promise<Put> {
  const { items } = await core.ledger.list('signingPolicy', {
    ...{ by: 'product', equal: [product.id, 'active'], limit: 10 },
  })
  return {
    kind: 'signingPolicy',
    record: {
      ...{ id: newId('signingPolicy', core), version: 1, product: product.id },
      ...{ number: items.length + 1, rules: { ...rulesAsking(people) }, lowered: [] },
      ...{ state: 'active', because: 'a test', approvals: [], changedBy: operator.id },
      ...{ changedAt: core.clock.now(), decidedBy: null, decidedAt: null },
    },
  }
}

export async function beginSigning(
  name: string,
  core: Core,
  terms: Partial<NewRelease> = {},
): Promise<BeingSigned> {
  const product = await addPump(core, name)
  const made = await makeArtefactKey(
    {
      ...{ product, name: 'bare', forms: ['raw'], algorithm: undefined, custody: 'file' },
      ...{ isNext: false, supportUntil: undefined, authority: undefined, because: undefined },
    },
    operator,
    keyPorts(core),
  )
  if (made.kind === 'refused') return assert.fail(made.detail)
  await put(core, await policyOf(product, people, core))
  const supportUntil = core.clock.now().add({ hours: 24 * 30 })
  let draft = await newRelease(core, product, { supportUntil, ...terms })
  const digests: Uint8Array[] = []
  for (const part of ['a.bin', 'b.bin', 'c.bin']) {
    const digest = await stored(core, `${name} ${part}`)
    await notedClean(core, part, digest)
    draft = (await attached(core, draft, { role: 'artefact', name: part, sha256: digest })).release
    digests.push(digest)
  }
  const release = await approvedNow(core, product, draft, people)
  return { product, key: made.key, release, digests }
}

/** Asks as a door does: release and key are read at this moment. */
export async function signNext(
  { release: { id }, key, digests }: BeingSigned,
  index: number,
  core: Core,
): Promise<string> {
  const release = (await core.ledger.read('release', id)) ?? assert.fail('no release')
  const now = (await core.ledger.read('artefactKey', key.id)) ?? assert.fail('no key')
  const digest = digests[index] ?? assert.fail('no digest')
  const asked = { release, key: now, sha256: digest }
  const done = await signDigest(asked, operator, await signingPorts(core))
  return done.kind === 'refused' ? done.reason : done.kind
}

async function put(core: Core, ...puts: readonly Put[]): Promise<void> {
  assert.deepEqual(await core.ledger.commit({ puts, events: [] }), { kind: 'committed' })
}

async function approvalsOf({ release }: BeingSigned, { ledger }: Core) {
  const { items } = await ledger.list('approval', { by: 'release', equal: [release.id], limit: 9 })
  return items as readonly [Approval, ...Approval[]]
}

const next = <R extends { readonly version: number }>(
  record: R | undefined,
  more: Partial<R>,
): R =>
  record === undefined
    ? assert.fail('it is gone')
    : { ...record, ...more, version: record.version + 1 }

/** What refuses the signature after each, and what is written. */
export const judgedChanges: Readonly<
  Record<string, readonly [string, (signing: BeingSigned, core: Core) => Promise<void>]>
> = {
  'a policy that asks for more people': [
    'release-not-approved',
    async ({ product }, core) => put(core, await policyOf(product, people + 1, core)),
  ],
  'an approval that is void': [
    'release-not-approved',
    async (signing, core) => {
      const [first] = await approvalsOf(signing, core)
      const record = next(first, { voidedAt: core.clock.now(), voidedBecause: 'a test' })
      await put(core, { kind: 'approval', record: { ...record, standing: null } })
    },
  ],
  'a person who signed that it must not go out': [
    'release-not-approved',
    async (signing, core) => {
      const [first] = await approvalsOf(signing, core)
      const id = newId('approval', core)
      const one = { ...first, id, version: 1, act: 'refuse', standing: null } as const
      await put(core, {
        kind: 'approval',
        record: { ...one, statementSha256: sha256(idBytes(id)) },
      })
    },
  ],
  'an approver key that ended': [
    'release-not-approved',
    async (signing, core) => {
      const [{ approverKey }] = await approvalsOf(signing, core)
      const record = next(await core.ledger.read('approverKey', approverKey), { state: 'ended' })
      await put(core, { kind: 'approverKey', record })
    },
  ],
  'an approver key that was found weak': [
    'release-not-approved',
    async (signing, core) => {
      const [{ approverKey }] = await approvalsOf(signing, core)
      const { key = '' } = (await core.ledger.read('approverKey', approverKey)) ?? {}
      const record = next(await core.ledger.read('key', key), { state: 'weak' })
      await put(core, { kind: 'key', record })
    },
  ],
  'a person who left': [
    'release-not-approved',
    async (signing, core) => {
      const [{ person }] = await approvalsOf(signing, core)
      const record = next(await core.ledger.read('person', person), { state: 'removed' })
      await put(core, { kind: 'person', record })
    },
  ],
  'a scan that found something': [
    'release-not-approved',
    async ({ digests }, core) => {
      const equal = [digests[0]]
      const { items } = await core.ledger.list('scan', { by: 'sha256', equal, limit: 1 })
      const [clean = assert.fail('no scan')] = items
      const found = { ...clean, id: newId('scan', core), result: 'found', found: 1 } as const
      await put(core, { kind: 'scan', record: { ...found, endedAt: core.clock.now() } })
    },
  ],
  'another signing plan': [
    'release-not-approved',
    async ({ product }, core) => {
      const record = { id: newId('signingPlan', core), version: 1, product: product.id, number: 1 }
      const [changedBy, changedAt] = [operator.id, core.clock.now()]
      const lines = [{ form: 'raw', artefacts: ['a.bin'] }]
      await put(core, { kind: 'signingPlan', record: { ...record, lines, changedBy, changedAt } })
    },
  ],
  'a signing key that was retired': [
    'release-not-approved',
    async ({ key }, core) => {
      const record = next(await core.ledger.read('artefactKey', key.id), { state: 'retired' })
      await put(core, { kind: 'artefactKey', record })
    },
  ],
  'a signing key that was found compromised': [
    'key-known-weak',
    async ({ key }, core) => {
      const record = next(await core.ledger.read('key', key.key), { state: 'compromised' })
      await put(core, { kind: 'key', record })
    },
  ],
  'a higher security version that was signed': [
    'security-version-falls',
    async ({ release: { product, environment, channel } }, core) => {
      const line = await core.ledger.find('releaseLine', 'line', [product, environment, channel])
      await put(core, { kind: 'releaseLine', record: next(line, { securityVersion: 99 }) })
    },
  ],
  'a release that was taken up again': [
    'release-state-wrong',
    async ({ release: { id } }, core) => {
      const release = await core.ledger.read('release', id)
      const more = { state: 'draft', revision: 9, manifestSha256: null } as const
      await put(core, { kind: 'release', record: next(release, more) })
    },
  ],
}

function idBytes(id: string): Uint8Array {
  return new TextEncoder().encode(id)
}
