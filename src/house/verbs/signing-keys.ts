// SPDX-License-Identifier: Apache-2.0
import type { ArtefactKey, Key, SigningPlanRecord } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { newestPlan } from '#core/releases/plan-lines.ts'
import { judgeMove } from '#core/rotation/judge-move.ts'
import { chainOf, endOf, isFormName, publicKeyOf } from '#core/signing/artefact-key.ts'
import { moveKey } from '#core/signing/end-key.ts'
import { type AnchorKey, exportAnchors } from '#core/signing/export-anchors.ts'
import { makeArtefactKey } from '#core/signing/make-key.ts'
import type { KeyPorts } from '#core/signing/ports.ts'
import { applyPlan } from '#core/signing/signing-plan.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { checkVersion, notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Call, Verbs } from '#edge/admin/verbs.ts'
import type { InputOf, OutputOf } from '#format/admin/operations.ts'
import { encodePem } from '#format/pem.ts'
import { isKeyAlgorithmName } from '#trust/algorithms.ts'
import type { ArtefactFormName } from '#trust/artefact/form-names.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { foundingFor, ownMaker } from '../foundation.ts'
import { signingPorts } from './signing.ts'

type KeyVerbs = Pick<
  Verbs,
  | 'signing-key.export-anchors'
  | 'signing-key.list'
  | 'signing-key.make'
  | 'signing-key.promote'
  | 'signing-key.retire'
  | 'signing-key.revoke'
  | 'signing-key.show'
  | 'signing-key.step-down'
  | 'signing-plan.apply'
  | 'signing-plan.show'
>
type View = OutputOf<'signing-key.list'>

/** Keys that sign artefacts: made where the keys are, and moved on by people. */
export function signingKeyVerbs(core: Core): KeyVerbs {
  const { ledger } = core
  const move = (step: Parameters<typeof moveKey>[1]) => {
    return async ({ key: id, because }: InputOf<'signing-key.retire'>, call: Call) => {
      const key = await ledger.read('artefactKey', id)
      if (key === undefined) return notFound(id)
      const differs = checkVersion(key, call)
      if (differs !== undefined) return differs
      const no = await judgeMove(key, step, core)
      if (no !== undefined) return no
      const moved = await moveKey(key, step, because, call.caller.actor, core)
      return moved.kind === 'refused' ? moved : show(moved.key, core)
    }
  }
  return {
    'signing-key.make': async (asked, { caller }) => {
      const wish = await wishOf(asked, core)
      if ('reason' in wish) return wish
      const made = await makeArtefactKey(wish, caller.actor, keyPorts(core))
      return made.kind === 'refused' ? made : show(made.key, core)
    },

    'signing-key.list': async (asked) => {
      const { product, state } = asked
      const walk =
        product === undefined
          ? {}
          : ({ by: 'product', equal: [product, core.environment] } as const)
      const { items, next } = await ledger.list('artefactKey', {
        ...{ ...walk, where: { ...(state && { state }) }, ...pageOf(asked) },
      })
      return { items: await Promise.all(items.map((one) => show(one, core))), next }
    },

    'signing-key.show': async ({ key: id }) => {
      const key = await ledger.read('artefactKey', id)
      if (key === undefined) return notFound(id)
      const record = await ledger.read('key', key.key)
      return {
        ...showWith(key, record),
        publicKeyPem: record === undefined ? '' : encodePem('PUBLIC KEY', record.spki),
        chainPem: chainOf(key)
          .map(({ der }) => encodePem('CERTIFICATE', der))
          .join(''),
      }
    },

    'signing-key.export-anchors': async (asked) => {
      const { product, form, keys: only } = asked
      const keys = await anchorKeys(product, form, only, core)
      if ('reason' in keys) return keys
      const anchors = exportAnchors(form, keys)
      if (anchors.kind === 'refused') return anchors
      const files = anchors.files.map(({ name, octets }) => ({ name, content: octets.toBase64() }))
      return { form, keys: keys.map(({ name }) => name), files, notes: [...anchors.notes] }
    },

    'signing-plan.show': async ({ product }) => {
      if ((await ledger.read('product', product)) === undefined) return notFound(product)
      const plan = await newestPlan(product, ledger)
      return plan === undefined
        ? { product, number: 0, lines: [], changedBy: null, changedAt: null }
        : showPlan(plan)
    },

    'signing-plan.apply': async ({ product: id, plan: { lines } }, { caller }) => {
      const product = await ledger.read('product', id)
      if (product === undefined) return notFound(id)
      const applied = await applyPlan(product, lines, caller.actor, {
        ...core,
        forms: (await signingPorts(core)).forms,
      })
      return applied.kind === 'refused' ? applied : showPlan(applied.plan)
    },

    'signing-key.promote': move('promote'),
    'signing-key.step-down': move('retiring'),
    'signing-key.retire': move('retire'),
    'signing-key.revoke': move('revoke'),
  }
}

function showPlan({ product, number, lines, changedBy, changedAt }: SigningPlanRecord) {
  const shown = lines.map((line) => ({ ...(line as Readonly<Record<string, unknown>>) }))
  return { product, number, lines: shown, changedBy, changedAt: changedAt.toString() }
}

/** The keys that devices of a product are to believe in a form: those named, else all that sign or will. */
async function anchorKeys(
  product: string,
  form: ArtefactFormName,
  only: readonly string[] | undefined,
  { ledger, environment }: Core,
): Promise<readonly AnchorKey[] | Refused> {
  const { items } = await ledger.list('artefactKey', {
    ...{ by: 'product', equal: [product, environment], limit: 1000 },
  })
  const known = items.filter((key) => key.forms.includes(form))
  const strange = only?.find((id) => !known.some((key) => key.id === id))
  if (strange !== undefined)
    return refuse(
      'signing-key-missing',
      `${strange} is no key of this product that signs as ${form}`,
    )
  const meant = known.filter(({ id, state }) =>
    only === undefined ? state !== 'retired' && state !== 'revoked' : only.includes(id),
  )
  if (meant.length === 0)
    return refuse('signing-key-missing', `this product has no key that signs as ${form}`)
  const keys: AnchorKey[] = []
  for (const key of meant) {
    const record = await ledger.read('key', key.key)
    if (record === undefined) return notFound(key.key)
    const publicKey = publicKeyOf(record)
    if ('reason' in publicKey) return publicKey
    const [, ...above] = chainOf(key)
    keys.push({ name: key.name, publicKey, root: above.at(-1), between: above.slice(0, -1) })
  }
  return keys
}

/** What core needs to make a key here. */
export function keyPorts(core: Core): KeyPorts {
  const { environment, installation } = core
  return {
    ...core,
    maker: ownMaker(installation),
    hasRootsHere: installation.root !== 'elsewhere',
    founding: (keysIn) => ({
      ...foundingFor({
        ...{ environment, rootAlgorithm: 'p-384', algorithm: 'p-384', twin: false, keysIn },
        ...(installation.maker !== undefined && { maker: installation.maker }),
      }),
      actor: { kind: 'house', id: 'signing' },
    }),
  }
}

async function wishOf(asked: InputOf<'signing-key.make'>, core: Core) {
  const { product: id, environment, algorithm, authority: by, supportUntil } = asked
  if (environment !== undefined && environment !== core.environment)
    return refuse(
      'environment-wrong',
      `this installation is a ${core.environment} one, and makes no key of ${environment}: keys and chains of environments never meet`,
    )
  if (algorithm !== undefined && !isKeyAlgorithmName(algorithm))
    return refuse('input-wrong', `algorithm: "${algorithm}" is none that is known here`)
  const product = await core.ledger.read('product', id)
  if (product === undefined) return notFound(id)
  const authority = by === undefined ? undefined : await core.ledger.read('authority', by)
  if (by !== undefined && authority === undefined) return notFound(by)
  return {
    ...{ product, name: asked.name, forms: [...new Set(asked.forms)], algorithm, authority },
    ...{ custody: asked.keysIn, isNext: asked.next, because: asked.because },
    supportUntil: supportUntil === undefined ? undefined : Temporal.Instant.from(supportUntil),
  }
}

async function show(key: ArtefactKey, { ledger }: Core): Promise<View> {
  return showWith(key, await ledger.read('key', key.key))
}

function showWith(key: ArtefactKey, record: Key | undefined): View {
  const { id, version, product, environment, name, state, certificate, addedBy, because } = key
  return {
    ...{ id, version, product, environment, name, state, certificate, addedBy, because },
    key: key.key,
    algorithm: record?.algorithm ?? 'unknown',
    fingerprint: record?.fingerprint.toHex() ?? '',
    custody: record?.custody ?? null,
    protection: record?.protection ?? 'unknown',
    exportable: record?.exportable ?? null,
    forms: key.forms.filter(isFormName),
    notAfter: endOf(key)?.toString() ?? null,
    addedAt: key.addedAt.toString(),
    endedAt: key.endedAt?.toString() ?? null,
  }
}
