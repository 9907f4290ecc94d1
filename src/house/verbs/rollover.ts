// SPDX-License-Identifier: Apache-2.0
import { followRoot } from '#core/authority/follow-root.ts'
import { foundIssuing } from '#core/authority/founding.ts'
import { linkRoots } from '#core/authority/link-roots.ts'
import { isTwin } from '#core/authority/twin.ts'
import { newestOf } from '#core/enrolment/anchors/believed.ts'
import type { Authority, RootLink } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { retireAuthority, summaryOf } from '#core/watch/retire-authority.ts'
import { breaksSomething, type WhatIf, whatIf } from '#core/watch/what-if.ts'
import { readCertificates } from '#edge/admin/ledger-verbs/pem.ts'
import { checkVersion } from '#edge/admin/ledger-verbs/record.ts'
import { showAuthority } from '#edge/admin/ledger-verbs/show.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import { isKeyAlgorithmName, type KeyAlgorithmName } from '#trust/algorithms.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { foundingFor } from '../foundation.ts'
import { profilesOf } from './hosted-profiles.ts'
import { showSignerUnder } from './signers-under.ts'
import { devicesSee, stepsBefore } from './what-if-words.ts'

type RolloverVerbs = Pick<
  Verbs,
  'authority.link' | 'authority.new-root' | 'authority.retire' | 'authority.what-if'
>

/** From one root to the next, where the keys are. */
export function rolloverVerbs(core: Core): RolloverVerbs {
  const { ledger } = core
  return {
    'authority.new-root': async (asked, { caller }) => {
      const { name, algorithm, keysIn, issuing: issuingName } = asked
      const before = asked.after === undefined ? rootInUse(core) : await rootOf(asked.after, core)
      if (before.kind === 'refused') return before
      const taken = issuingName && (await ledger.find('authority', 'name', [issuingName]))
      if (taken || issuingName === name)
        return refuse(
          'exists-already',
          `an authority is named "${issuingName}"; choose another name`,
        )
      const unable = core.keys.unable?.(keyAlgorithmOf(algorithm, before.root.algorithm), keysIn)
      if (unable !== undefined) return refuse('input-wrong', `keys-in: ${unable}`)
      const { environment } = core
      const founding = {
        ...foundingFor({
          ...{ environment, rootAlgorithm: 'p-384', algorithm: 'p-256', twin: false },
          maker: core.installation.maker,
        }),
        ...{ actor: caller.actor, keysIn: { root: keysIn, issuing: keysIn, twin: keysIn } },
      }
      const followed = await followRoot({ name, before: before.root, algorithm, founding }, core)
      if (followed.kind === 'refused') return followed
      const { root } = followed
      const made =
        issuingName === undefined
          ? undefined
          : await foundIssuing(issuingName, founding, root, core)
      return {
        root: await shown(root, core),
        before: await shown(followed.before, core),
        newWithOld: showLink(followed.newWithOld),
        oldWithNew: showLink(followed.oldWithNew),
        issuing: made === undefined ? null : await shown(made, core),
      }
    },

    'authority.link': async ({ authority, after, links: pem }, { caller }) => {
      const [root, before] = [await rootOf(authority, core), await rootOf(after, core)]
      if (root.kind === 'refused') return root
      if (before.kind === 'refused') return before
      const certificates = readCertificates('links', pem)
      if ('kind' in certificates) return certificates
      const brought = { root: root.root, before: before.root, certificates }
      const linked = await linkRoots(brought, caller.actor, core)
      if (linked.kind === 'refused') return linked
      return { before: await shown(linked.before, core), links: linked.links.map(showLink) }
    },

    'authority.what-if': async ({ authority: asked }) => {
      const authority = await ledger.read('authority', asked)
      if (authority === undefined) return notHere(asked)
      const found = await whatIf(authority, core)
      const profiles = await profilesCut(found, core)
      return {
        authority: await shown(authority, core),
        breaks: breaksSomething(found) || profiles.length > 0,
        summary: summaryOf(found, profiles),
        ending: found.ending.map(({ name }) => name),
        products: found.products.map(({ product, lots, first, ...counts }) => {
          const named = { product: product.id, name: product.name }
          return { ...named, ...counts, lots: [...lots], first: [...first] }
        }),
        entrances: [...found.entrances],
        profiles: [...profiles],
        holders: found.holders.map((one) => ({ ...one, notAfter: one.notAfter.toString() })),
        signingKeys: await Promise.all(found.signers.map((one) => showSignerUnder(one, core))),
        lists: found.lists.map(({ authority: name, goodUntil }) => {
          return { authority: name, goodUntil: goodUntil?.toString() ?? null }
        }),
        isFollowed: found.isFollowed,
        devicesSee: [...devicesSee(found)],
        steps: [...stepsBefore(found, profiles)],
      }
    },

    'authority.retire': async ({ authority: asked, because }, call) => {
      const authority = await ledger.read('authority', asked)
      if (authority === undefined) return notHere(asked)
      const differs = checkVersion(authority, call)
      if (differs !== undefined) return differs
      const retired = await retireAuthority(authority, because, call.caller.actor, core)
      if (retired.kind === 'refused') return retired
      const [ended = authority] = retired.ended
      return {
        authority: await shown(ended, core),
        retired: retired.ended.map(({ name }) => name),
        summary: summaryOf(retired.whatIf),
      }
    },
  }
}

/** What is signed elsewhere, by somebody of whose authorities none would be left. */
async function profilesCut({ ending }: WhatIf, core: Core): Promise<readonly string[]> {
  const ended = new Set(ending.map(({ id }) => id))
  const cut: string[] = []
  for (const { upstream, authorities } of core.doors.upstreams) {
    const below = authorities.filter(({ authority }) => authority.parent !== null)
    const signing = below.length > 0 ? below : authorities
    if (signing.every(({ authority }) => ended.has(authority.id)))
      cut.push(...(await profilesOf(upstream, core)))
  }
  return cut
}

/** The root of the usual chain that none follows yet. */
function rootInUse({ doors }: Core) {
  const first = doors.own.find((one) => one.kind === 'root' && !isTwin(one))
  if (first === undefined)
    return refuse('not-found', 'there is no root of this house; say which root it follows')
  return { kind: 'root', root: newestOf(first, doors) } as const
}

async function rootOf(asked: string, { ledger }: Core) {
  const root = await ledger.read('authority', asked)
  return root === undefined ? notHere(asked) : ({ kind: 'root', root } as const)
}

async function shown(authority: Authority, { ledger }: Core) {
  const { key } = authority
  return showAuthority(authority, key === null ? undefined : await ledger.read('key', key))
}

function notHere(asked: string): Refused {
  return refuse('not-found', `there is no authority ${asked}`)
}

/** What will be asked of the backend, as far as it is a name; what is none is told by whoever makes the root. */
function keyAlgorithmOf(asked: string | undefined, before: string): KeyAlgorithmName {
  const wanted = asked ?? before
  return isKeyAlgorithmName(wanted) ? wanted : 'p-384'
}

function showLink({ certified, signer, certificateSha256, notAfter }: RootLink) {
  return {
    ...{ certified, signer, sha256: certificateSha256.toHex() },
    notAfter: notAfter.toString(),
  }
}
