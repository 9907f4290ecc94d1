// SPDX-License-Identifier: Apache-2.0
import { installAuthority } from '#core/authority/install-authority.ts'
import { orderChain } from '#core/authority/order-chain.ts'
import { requestAuthority, withdrawRequest } from '#core/authority/request-authority.ts'
import { CursorError } from '#core/ledger/ledger.ts'
import type { AuthorityRequest } from '#core/ledger/tables.ts'
import { bringCrl } from '#core/revocation/bring-crl.ts'
import { readCertificates, readCrl } from '#edge/admin/ledger-verbs/pem.ts'
import { showAuthority } from '#edge/admin/ledger-verbs/show.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { OutputOf } from '#format/admin/operations.ts'
import { encodePem } from '#format/pem.ts'
import { isKeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { ownMaker, readyProfile } from '../foundation.ts'

type RootVerbs = Pick<
  Verbs,
  | 'authority.crl'
  | 'authority.install'
  | 'authority.request'
  | 'authority.requests'
  | 'authority.withdraw'
>

/** Authorities whose keys are here and whose roots are not. */
export function rootVerbs(core: Core): RootVerbs {
  const { ledger, environment } = core
  return {
    'authority.request': async ({ name, algorithm, keysIn, maker, twinOf }, { caller }) => {
      if (!isKeyAlgorithmName(algorithm) || !keyAlgorithms[algorithm].uses.includes('authority'))
        return refuse('input-wrong', `algorithm: no authority signs with "${algorithm}"`)
      const wish = {
        ...{ name, algorithm, environment, profile: readyProfile('issuing') },
        ...{ maker: maker ?? (await makerOf(core)), twin: twinOf ?? null, custody: keysIn },
      }
      const requested = await requestAuthority(wish, caller.actor, core)
      if (requested.kind === 'refused') return requested
      const { request } = requested
      const pem = encodePem('CERTIFICATE REQUEST', request.request)
      return { ...(await showRequest(request, core)), pem }
    },

    'authority.requests': async ({ state, limit, after }) => {
      const walk = state === undefined ? {} : ({ by: 'state', equal: [state] } as const)
      try {
        const query = { ...walk, descending: true, limit, ...(after && { after }) }
        const page = await ledger.list('authorityRequest', query)
        const items = await Promise.all(page.items.map((one) => showRequest(one, core)))
        return { items, next: page.next }
      } catch (error) {
        if (!(error instanceof CursorError)) throw error
        return refuse('input-wrong', `after: "${after}" is no cursor of this list`)
      }
    },

    'authority.withdraw': async ({ name }, { caller }) => {
      const done = await withdrawRequest(name, caller.actor, core)
      return done.kind === 'refused' ? done : showRequest(done.request, core)
    },

    'authority.install': async ({ name, chain: pem, rootName }, { caller }) => {
      const read = readCertificates('chain', pem)
      if ('kind' in read) return read
      const waiting = await ledger.find('authorityRequest', 'openName', [name])
      const key = waiting && (await ledger.read('key', waiting.key))
      // Of no key of ours: judged as it came, and refused by what is wrong with it.
      const ordered = key === undefined ? [] : orderChain(read, key.spki)
      const chain = ordered.length === 0 ? read : ordered
      const asked = { name, chain, rootName, environment }
      const installed = await installAuthority(asked, caller.actor, core)
      if (installed.kind === 'refused') return installed
      const { authority, root } = installed
      return { authority: showAuthority(authority), root: showAuthority(root) }
    },

    'authority.crl': async ({ authority: asked, crl: pem }, { caller }) => {
      const authority = await ledger.read('authority', asked)
      if (authority === undefined) return refuse('not-found', `there is no authority ${asked}`)
      const der = readCrl(pem)
      if ('kind' in der) return der
      const brought = await bringCrl(der, authority, caller.actor, core)
      if (brought.kind === 'refused') return brought
      const { number, thisUpdate, nextUpdate } = brought.list
      return {
        ...{ authority: authority.id, number, revoked: brought.revoked },
        ...{ thisUpdate: thisUpdate.toString(), nextUpdate: nextUpdate.toString() },
        changed: brought.kind === 'brought',
      }
    },
  }
}

/** The maker that was claimed, if there is one; before that, what the house calls itself. */
async function makerOf({ ledger, environment, installation }: Core): Promise<string> {
  const { items } = await ledger.list('party', { limit: 100 })
  const makers = items.filter(({ role }) => role === 'maker')
  const [maker] = makers
  return maker === undefined || makers.length > 1 || environment !== 'production'
    ? ownMaker(installation)
    : maker.name
}

async function showRequest(
  { version: _, request: __, openName: ___, ...request }: AuthorityRequest,
  { ledger }: Core,
): Promise<OutputOf<'authority.requests'>> {
  const key = await ledger.read('key', request.key)
  return {
    ...request,
    custody: key?.custody ?? null,
    requestSha256: request.requestSha256.toHex(),
    createdAt: request.createdAt.toString(),
    endedAt: request.endedAt?.toString() ?? null,
  }
}
