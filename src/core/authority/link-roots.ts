// SPDX-License-Identifier: Apache-2.0
import { sameBytes } from '#format/bytes.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { leadsForward } from '#trust/link.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor, AuditEvent } from '../audit/event.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Authority, RootLink } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { bookLink } from './book-link.ts'

/** Links that were made where the keys of the roots are, as in a ceremony. */
export interface BroughtLinks {
  readonly before: Authority
  readonly root: Authority
  /** NewWithOld at least, in any order; each is told by the key that it certifies. */
  readonly certificates: readonly Certificate[]
}

export type Linked =
  | { readonly kind: 'linked'; readonly before: Authority; readonly links: readonly RootLink[] }
  | Refused

/** What links between two roots change; nothing is written yet. */
export interface LinkPlan {
  readonly kind: 'plan'
  /** With its successor from now on. */
  readonly before: Authority
  /** Whether it had none until now. */
  readonly follows: boolean
  /** Those that were not here already. */
  readonly links: readonly RootLink[]
  readonly events: readonly AuditEvent[]
}

interface LinkingPorts {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly random: Randomness
}

/**
 * Takes links that were signed elsewhere: from then on devices are led from the one root to the other.
 *
 * The same again changes nothing.
 */
export async function linkRoots(
  brought: BroughtLinks,
  actor: Actor,
  ports: LinkingPorts,
): Promise<Linked> {
  const plan = await planLink(brought, actor, ports)
  if (plan.kind === 'refused') return plan
  const { before, follows, links, events } = plan
  const puts: Put[] = [
    ...(follows ? [{ kind: 'authority', record: before } as const] : []),
    ...links.map((record): Put => ({ kind: 'rootLink', record })),
  ]
  if (puts.length === 0) return { kind: 'linked', before, links }
  const refused = await settle({ puts, events }, ports.ledger)
  return refused ?? { kind: 'linked', before, links }
}

/** Judges links between two roots, and plans what books them. */
export async function planLink(
  { before, root, certificates }: BroughtLinks,
  actor: Actor,
  ports: LinkingPorts,
): Promise<LinkPlan | Refused> {
  const unfit = checkRoots(before, root)
  if (unfit !== undefined) return unfit
  const links: RootLink[] = []
  const events: AuditEvent[] = []
  let leads = false
  for (const certificate of certificates) {
    const pair = pairOf(certificate, before, root)
    if ('kind' in pair) return pair
    leads ||= pair.certified === root
    const back = pair.certified === root ? checkForward(before, certificate) : undefined
    if (back !== undefined) return back
    const step = bookLink({ ...pair, certificate }, actor, ports)
    if (step.kind === 'refused') return step
    const known = await ports.ledger.find('rootLink', 'certificate', [
      step.record.certificateSha256,
    ])
    if (known !== undefined) continue
    links.push(step.record)
    events.push(step.event)
  }
  if (!leads)
    return refuse(
      'input-wrong',
      `no certificate here is of the key of ${root.name}: NewWithOld is missing, by which devices follow`,
    )
  if (before.successor !== null) return { kind: 'plan', before, follows: false, links, events }
  return {
    ...{ kind: 'plan', before: { ...before, version: before.version + 1, successor: root.id } },
    ...{ follows: true, links },
    events: [...events, followedEvent(before, root, actor, ports.clock.now())],
  }
}

function checkRoots(before: Authority, root: Authority): Refused | undefined {
  for (const { kind, state, name } of [before, root]) {
    if (kind !== 'root') return refuse('input-wrong', `${name} is a ${kind} authority, and no root`)
    if (state === 'retired') return refuse('issuing-stopped', `${name} was retired`)
  }
  if (before.successor !== null && before.successor !== root.id)
    return refuse('exists-already', `${before.name} has another successor already`)
  if (root.successor === before.id)
    return refuse(
      'input-wrong',
      `${before.name} is the successor of ${root.name}, not the root before it`,
    )
  return undefined
}

/** Devices are led to newer roots only: a link that begins no later than the root that signed it leads nobody. */
function checkForward(before: Authority, link: Certificate): Refused | undefined {
  const held = parseCertificate(before.certificate)
  return leadsForward(held, link)
    ? undefined
    : refuse(
        'input-wrong',
        `no device would follow: the link is from ${link.notBefore}, and ${before.name} itself from ${held.notBefore}; make the new root later than the old one`,
      )
}

function pairOf({ publicKey }: Certificate, before: Authority, root: Authority) {
  for (const [certified, signer] of [
    [root, before],
    [before, root],
  ] as const) {
    const own = parseCertificate(certified.certificate).publicKey
    if (sameBytes(own.der, publicKey.der)) return { certified, signer }
  }
  return refuse(
    'input-wrong',
    `a certificate is of neither the key of ${root.name} nor that of ${before.name}`,
  )
}

export function followedEvent(
  before: Authority,
  root: Authority,
  actor: Actor,
  at: Temporal.Instant,
): AuditEvent {
  return {
    ...{ type: 'root-followed', at, actor },
    subjects: [before.id, root.id],
    facts: {
      ...{ name: before.name, successor: root.name, algorithm: root.algorithm },
      sha256: root.certificateSha256.toHex(),
    },
  }
}
