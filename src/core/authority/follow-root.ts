// SPDX-License-Identifier: Apache-2.0
import { parseCertificate } from '#format/x509/certificate.ts'
import { isKeyAlgorithmName, keyAlgorithms } from '#trust/algorithms.ts'
import { refuse } from '#trust/refusal.ts'
import type { AuditEvent } from '../audit/event.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import { settle } from '../ledger/settle.ts'
import type { Authority, RootLink } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { bookLink } from './book-link.ts'
import { type Founding, foundRoot } from './founding.ts'
import type { IssuingPorts } from './issue.ts'
import { issueLink } from './issue-link.ts'
import { followedEvent } from './link-roots.ts'
import { twinAlgorithms } from './twin.ts'

/** A root that is to follow another. */
export interface NextRoot {
  readonly name: string
  /** The root that it follows. */
  readonly before: Authority
  /** Of its key; undefined: that of the root before it. */
  readonly algorithm: string | undefined
  /** What else a founding takes; its algorithm of roots is set from here. */
  readonly founding: Founding
}

export type Following =
  | {
      readonly kind: 'followed'
      readonly root: Authority
      readonly before: Authority
      readonly newWithOld: RootLink
      readonly oldWithNew: RootLink
    }
  | Refused

/**
 * Makes the root that follows another one, with the links between the two.
 *
 * Devices that hold the old root follow NewWithOld by themselves; those that will hold the new one alone check
 * what the old one signed by OldWithNew. Nothing else changes: doors, issuing authorities and the server's own
 * certificate stay where they are until somebody moves them.
 *
 * Safe to repeat after a crash: a root of this name that was made for this and has no links yet is taken as
 * it is.
 *
 * @throws Fault as `issue`, and `configuration-wrong` if the key cannot be made
 */
export async function followRoot(asked: NextRoot, ports: IssuingPorts): Promise<Following> {
  const { name, before, founding } = asked
  const unfit = (await checkBefore(asked, ports)) ?? checkAlgorithm(asked)
  if (unfit !== undefined) return unfit
  const found = await rootNamed(asked, ports)
  if (found?.kind === 'refused') return found
  const root =
    found?.root ??
    (await foundRoot(name, before, { ...founding, rootAlgorithm: algorithmOf(asked) }, ports))
  return link(asked, root, ports)
}

async function checkBefore(
  { before }: NextRoot,
  { keys, ledger }: IssuingPorts,
): Promise<Refused | undefined> {
  const { kind, state, successor, key, name } = before
  if (kind !== 'root') {
    return refuse(
      'input-wrong',
      `${name} is a ${kind} authority, and only a root is followed by a root; "vitalsign authority succeed" is for others`,
    )
  }
  if (state === 'retired') return refuse('issuing-stopped', `${name} was retired and signs nothing`)
  if (await isFollowed(successor, ledger))
    return refuse('exists-already', `${name} has its successor already`)
  if (key === null || !(await keys.has(key))) {
    return refuse(
      'issuing-stopped',
      `the key of ${name} is not here, and only it can vouch for the next root: bring its directory back, or make the new root and both links in a ceremony and import them`,
    )
  }
  return undefined
}

/** A successor that was ended, as one whose key was stolen, leaves its place to another. */
export async function isFollowed(successor: string | null, ledger: Ledger): Promise<boolean> {
  const next = successor === null ? undefined : await ledger.read('authority', successor)
  return next !== undefined && next.state !== 'retired'
}

function algorithmOf({ algorithm, before }: NextRoot) {
  const wanted = algorithm ?? before.algorithm
  return isKeyAlgorithmName(wanted) ? wanted : twinAlgorithms.root
}

function checkAlgorithm(asked: NextRoot): Refused | undefined {
  const { algorithm, before } = asked
  if (algorithm !== undefined && !isKeyAlgorithmName(algorithm))
    return refuse('input-wrong', `algorithm: no authority signs with "${algorithm}"`)
  const row = keyAlgorithms[algorithmOf(asked)]
  if (!row.uses.includes('authority'))
    return refuse('input-wrong', `algorithm: no authority signs with "${row.name}"`)
  if (before.twin !== null && !row.postQuantum)
    return refuse(
      'input-wrong',
      `algorithm: ${before.name} is the root of twins, and a ${row.name} key does not withstand quantum computers`,
    )
  return undefined
}

/** A root of this name that an earlier run made and a crash left without its links. */
async function rootNamed({ name, before }: NextRoot, { ledger }: IssuingPorts) {
  const root = await ledger.find('authority', 'name', [name])
  if (root === undefined) return undefined
  const isLeft =
    root.kind === 'root' &&
    root.state === 'active' &&
    root.successor === null &&
    root.id !== before.id
  const [one, other] = [root, before].map(
    ({ certificate }) => parseCertificate(certificate).subject,
  )
  if (isLeft && one?.der.toHex() === other?.der.toHex()) return { kind: 'root', root } as const
  return refuse('exists-already', `an authority is named "${name}"; choose another name`)
}

async function link(asked: NextRoot, root: Authority, ports: IssuingPorts): Promise<Following> {
  const { before, founding } = asked
  const pairs = [
    { certified: root, signer: before },
    { certified: before, signer: root },
  ] as const
  const links: RootLink[] = []
  const events: AuditEvent[] = []
  for (const pair of pairs) {
    const { actor, rootProfile: profile } = founding
    const signed = await issueLink({ ...pair, profile, actor }, ports)
    if (signed.kind === 'refused') return signed
    const step = bookLink({ ...pair, certificate: signed.certificate }, actor, ports)
    if (step.kind === 'refused') return step
    links.push(step.record)
    events.push(step.event)
  }
  return settled(asked, root, links, events, ports)
}

async function settled(
  { before, founding }: NextRoot,
  root: Authority,
  links: readonly RootLink[],
  events: readonly AuditEvent[],
  ports: IssuingPorts,
): Promise<Following> {
  const [newWithOld, oldWithNew] = links as [RootLink, RootLink]
  const followed: Authority = { ...before, version: before.version + 1, successor: root.id }
  const puts: Put[] = [
    { kind: 'authority', record: followed },
    ...links.map((record): Put => ({ kind: 'rootLink', record })),
  ]
  const refused = await settle(
    {
      puts,
      events: [...events, followedEvent(before, root, founding.actor, ports.clock.now())],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'followed', root, before: followed, newWithOld, oldWithNew }
}
