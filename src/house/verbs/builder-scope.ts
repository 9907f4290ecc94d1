// SPDX-License-Identifier: Apache-2.0
import type { Ledger } from '#core/ledger/ledger.ts'
import type { Refused } from '#core/refusal.ts'
import { mayName } from '#core/releases/own-octets.ts'
import type { Caller } from '#edge/admin/caller.ts'
import type { Call, Verbs } from '#edge/admin/verbs.ts'
import { builder } from '#format/admin/operation.ts'
import { type OperationName, operationNames, operations } from '#format/admin/operations.ts'
import { refuse } from '#trust/refusal.ts'

type AnyVerb = (input: Record<string, unknown>, call: Call) => Promise<unknown>

/** The verbs, of which a job of a build gets at none for a product that it is not for. */
export function withinScope(verbs: Verbs, ledger: Ledger): Verbs {
  const scoped: Record<string, AnyVerb> = {}
  for (const name of operationNames) {
    if (!('builders' in operations[name])) continue
    const verb = verbs[name] as AnyVerb
    scoped[name] = async (input, call) =>
      (await refuseBeyond(name, input, call, ledger)) ?? verb(input, call)
  }
  const products = verbs['product.list']
  return {
    ...verbs,
    ...(scoped as Partial<Verbs>),
    // By their names; of others it learns nothing.
    'product.list': async (input, call) => {
      const page = await products(input, call)
      const { role, products: own } = call.caller
      if (role !== builder || 'reason' in page) return page
      return { ...page, items: page.items.filter(({ id }) => own?.includes(id) === true) }
    },
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
