// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Refused } from '#core/refusal.ts'
import { mayName } from '#core/releases/own-octets.ts'
import type { Caller } from '#edge/admin/caller.ts'
import type { Call, LoadVerb, Verb } from '#edge/admin/verbs.ts'
import { loadOperation } from '#format/admin/load-operation.ts'
import { builder } from '#format/admin/operation.ts'
import type { OperationName } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'

type AnyVerb = (input: Record<string, unknown>, call: Call) => Promise<unknown>

/** The verbs, of which a job of a build gets at none for a product that it is not for. */
export function withinScope(load: LoadVerb, ledger: Ledger): LoadVerb {
  return async (name) => {
    const verb = await load(name)
    // By their names; of others it learns nothing.
    if (name === 'product.list') return ownProducts(verb as Verb<'product.list'>) as typeof verb
    const { builders } = await loadOperation(name)
    return builders === true ? (ownOnly(name, verb as AnyVerb, ledger) as typeof verb) : verb
  }
}

function ownOnly(name: OperationName, verb: AnyVerb, ledger: Ledger): AnyVerb {
  return async (input, call) => (await refuseBeyond(name, input, call, ledger)) ?? verb(input, call)
}

function ownProducts(products: Verb<'product.list'>): Verb<'product.list'> {
  return async (input, call) => {
    const page = await products(input, call)
    const { role, products: own } = call.caller
    if (role !== builder || 'reason' in page) return page
    return { ...page, items: page.items.filter(({ id }) => own?.includes(id) === true) }
  }
}

/** What would void the approvals of a release: an old pipeline that runs again stops no release that waits or goes out. */
const changing: ReadonlySet<OperationName> = new Set([
  ...(['release.attach', 'release.attach-test', 'release.detach', 'release.edit'] as const),
])

/** Octets by themselves are of no product: an upload counts for nothing before a release names it. */
async function refuseBeyond(
  name: OperationName,
  input: Record<string, unknown>,
  { caller }: Call,
  ledger: Ledger,
): Promise<Refused | undefined> {
  if (caller.role !== builder) return undefined
  const { product, release } = input
  const found = typeof release === 'string' ? await ledger.read('release', release) : undefined
  const asked = release === undefined ? product : found?.product
  if (asked === undefined && release === undefined && name !== 'release.list') return undefined
  if (typeof asked !== 'string' || caller.products?.includes(asked) !== true)
    return refuse('not-permitted', 'this job is for other products')
  if (name === 'release.attach' && !(await isOwn(`${input['sha256']}`, caller, ledger)))
    return refuse(
      'artefact-missing',
      'this job sent no octets with this digest; it uploads them first',
    )
  return found !== undefined && found.state !== 'draft' && changing.has(name)
    ? refuse(
        'not-permitted',
        `${found.id} is ${found.state}: a job changes drafts, and people the rest`,
      )
    : undefined
}

function isOwn(sha256: string, { actor, products = [] }: Caller, ledger: Ledger): Promise<boolean> {
  return mayName(Uint8Array.fromHex(sha256), { id: actor.id, products }, ledger)
}
