// SPDX-License-Identifier: Apache-2.0

import type { KeptKeys } from '#core/authority/signing-key.ts'
import {
  acceptAuthorities,
  addUpstream,
  changeCredential,
  type NewCredential,
  type RegisteringPorts,
  removeUpstream,
} from '#core/authority/upstream/register.ts'
import type { Upstream, UpstreamOrder } from '#core/ledger/tables.ts'
import type { Refused } from '#core/refusal.ts'
import { pageOf } from '#edge/admin/ledger-verbs/queries.ts'
import { checkVersion, notFound } from '#edge/admin/ledger-verbs/record.ts'
import type { Verbs } from '#edge/admin/verbs.ts'
import type { InputOf, OutputOf } from '#format/admin/operations.ts'
import { FormatError } from '#format/format-error.ts'
import { parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { encodePrivateKey, generateKey } from '#trust/private-key.ts'
import { refuse } from '#trust/refusal.ts'
import type { Core } from '../core.ts'
import { profilesOf } from './hosted-profiles.ts'

type UpstreamVerbs = Pick<Verbs, `upstream.${string}` & keyof Verbs>

const testingMilliseconds = 20_000

/** Whoever signs for profiles of ours: registered where the keys are. */
export function upstreamVerbs(core: Core, keys: KeptKeys): UpstreamVerbs {
  const { ledger, clock, random, environment } = core
  const { desk, within } = core.upstreams
  const ports: RegisteringPorts = { ledger, clock, random, environment, keys, desk, within }
  const show = (one: Upstream) => showUpstream(one, core)
  return {
    'upstream.add': async (asked, { caller }) => {
      const read = readInput(asked)
      if (read.kind === 'refused') return read
      const { name, protocol, address, repeatsMinutes, secretFile = null } = asked
      const credential = read.parts.credential ?? (await newAccount(protocol))
      const wanted = { name, protocol, address, repeatsMinutes, secretFile }
      const parts = { ...wanted, ...read.parts, credential }
      const added = await addUpstream({ ...parts, read: parseKept }, caller.actor, ports)
      credential?.privateKey.fill(0)
      return added.kind === 'refused' ? added : show(added.upstream)
    },

    'upstream.list': async ({ name, ...paging }) => {
      if (name !== undefined) {
        const found = await ledger.find('upstream', 'name', [name])
        return { items: found === undefined ? [] : [await show(found)], next: null }
      }
      const { items, next } = await ledger.list('upstream', pageOf(paging))
      return { items: await Promise.all(items.map(show)), next }
    },

    'upstream.show': async ({ upstream: id }) => {
      const found = await ledger.read('upstream', id)
      return found === undefined ? notFound(id) : show(found)
    },

    'upstream.test': async ({ upstream: id, accept }, { caller }) => {
      const found = await ledger.read('upstream', id)
      if (found === undefined) return notFound(id)
      return testUpstream(found, accept, caller.actor, core, ports)
    },

    'upstream.credential': async ({ upstream: id, certificate, key }, call) => {
      const found = await ledger.read('upstream', id)
      if (found === undefined) return notFound(id)
      const differs = checkVersion(found, call)
      if (differs !== undefined) return differs
      if (found.protocol === 'acme')
        return refuse('input-wrong', 'the account of an ACME upstream is its key; add it anew')
      const read = readOrRefuse(
        () => ({ kind: 'read', ...credentialOf(certificate, key) }) as const,
      )
      if (read.kind === 'refused') return read
      const changed = await changeCredential(found, read, call.caller.actor, ports)
      read.privateKey.fill(0)
      return changed.kind === 'refused' ? changed : show(changed.upstream)
    },

    'upstream.remove': async ({ upstream: id }, call) => {
      const found = await ledger.read('upstream', id)
      if (found === undefined) return notFound(id)
      const differs = checkVersion(found, call)
      if (differs !== undefined) return differs
      const named = await profilesOf(found, core)
      if (named.length > 0)
        return refuse('conflict', `it signs for profile ${named.join(', ')}; change that first`)
      const removed = await removeUpstream(found, call.caller.actor, ports)
      return removed.kind === 'refused' ? removed : show(removed.upstream)
    },

    'upstream.orders': async ({ upstream, state, ...paging }) => {
      const walk =
        upstream !== undefined
          ? { by: 'upstream' as const, equal: [upstream, ...(state === undefined ? [] : [state])] }
          : state !== undefined && { by: 'state' as const, equal: [state] }
      const { items, next } = await ledger.list('upstreamOrder', { ...walk, ...pageOf(paging) })
      return { items: items.map(showOrder), next }
    },
  }
}

async function testUpstream(
  upstream: Upstream,
  accept: boolean,
  actor: Parameters<typeof acceptAuthorities>[2],
  core: Core,
  ports: RegisteringPorts,
): Promise<OutputOf<'upstream.test'> | Refused> {
  const { desk, within, noteHealth } = core.upstreams
  const says = await desk.examine(upstream, within(testingMilliseconds))
  const trouble = says.kind === 'says' ? undefined : says.detail
  await noteHealth(
    upstream,
    trouble === undefined ? trouble : { kind: 'unreachable', words: trouble },
  )
  if (says.kind === 'refused') return says
  const read = readOrRefuse(() => ({ kind: 'read', all: says.authorities.map(parseKept) }) as const)
  if (read.kind === 'refused') return read
  const told = await Promise.all(
    read.all.map(async (certificate) => {
      const digest = sha256(certificate.der)
      const found = await core.ledger.find('authority', 'certificate', [digest])
      return {
        subject: formatName(certificate.subject),
        sha256: digest.toHex(),
        notAfter: certificate.notAfter.toString(),
        known: found !== undefined && upstream.authorities.includes(found.id),
      }
    }),
  )
  const fresh = told.filter(({ known }) => !known).length
  if (accept && fresh > 0) {
    const accepted = await acceptAuthorities(upstream, read.all, actor, ports)
    if (accepted.kind === 'refused') return accepted
  }
  const { name } = upstream
  return { name, says: { ...says.facts }, told, accepted: accept ? fresh : 0 }
}

/** An account of ACME is a key of its own. */
async function newAccount(protocol: Upstream['protocol']): Promise<NewCredential | undefined> {
  if (protocol !== 'acme') return undefined
  const { privateKey } = await generateKey('p-256')
  return { privateKey: encodePrivateKey(privateKey), chain: [] }
}

function readInput(asked: InputOf<'upstream.add'>) {
  return readOrRefuse(() => {
    const { certificate, key, label, settings = [] } = asked
    if ((certificate !== undefined) !== (key !== undefined))
      return refuse('input-wrong', 'certificate and private key belong together')
    const parts = {
      serverRoots: certificatesIn(asked.roots),
      anchors: certificatesIn(asked.anchors),
      credential:
        certificate === undefined || key === undefined ? undefined : credentialOf(certificate, key),
      settings: { ...Object.fromEntries(settings.map(pairOf)), ...(label && { label }) },
    }
    return { kind: 'read', parts } as const
  })
}

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  return [text.slice(0, at), text.slice(at + 1)]
}

/** @throws FormatError */
function credentialOf(certificate: string, key: string): NewCredential {
  const blocks = parsePem(key).filter(({ label }) => label === 'PRIVATE KEY')
  const [block, another] = blocks
  if (block === undefined || another !== undefined)
    throw new FormatError('value-not-allowed', 0, 'not one PRIVATE KEY block')
  return { privateKey: block.bytes, chain: certificatesIn(certificate) }
}

/** @throws FormatError */
function certificatesIn(pem: string | undefined): readonly Certificate[] {
  if (pem === undefined) return []
  return parsePem(pem)
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ bytes }) => parseKept(bytes))
}

function parseKept(der: Uint8Array): Certificate {
  return parseCertificate(der, { unknownCritical: 'keep' })
}

function readOrRefuse<T>(read: () => T): T | Refused {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return refuse('input-wrong', `a certificate or key does not read: ${error.message}`)
  }
}

async function showUpstream(upstream: Upstream, core: Core): Promise<OutputOf<'upstream.show'>> {
  const walk = { by: 'upstream', equal: [upstream.id, 'open'] } as const
  return {
    ...upstream,
    settings: { ...upstream.settings },
    authorities: [...upstream.authorities],
    triedLive: upstream.protocol !== 'rest',
    profiles: [...(await profilesOf(upstream, core))],
    open: await core.ledger.count('upstreamOrder', walk),
    trouble: core.upstreams.health.troubleOf(upstream.id) ?? null,
    credentialEndsAt: upstream.credentialEndsAt?.toString() ?? null,
    createdAt: upstream.createdAt.toString(),
  }
}

function showOrder(order: UpstreamOrder): OutputOf<'upstream.orders'> {
  return {
    ...order,
    createdAt: order.createdAt.toString(),
    nextAt: order.nextAt.toString(),
    until: order.until.toString(),
    endedAt: order.endedAt?.toString() ?? null,
  }
}
