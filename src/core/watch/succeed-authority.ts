// SPDX-License-Identifier: Apache-2.0
import { shellWord } from '#format/admin/shell-word.ts'
import { refuse } from '#trust/refusal.ts'
import { type Founding, foundIssuing } from '../authority/founding.ts'
import type { IssuingPorts } from '../authority/issue.ts'
import type { Custody } from '../authority/signing-key.ts'
import { isTwin, twinAlgorithms } from '../authority/twin.ts'
import { isForSigners } from '../ledger/authority-origin.ts'
import type { Authority } from '../ledger/tables.ts'
import type { Refused } from '../refusal.ts'
import { stopAuthority } from './stop-authority.ts'

/** Who takes over from an issuing authority, and with which key. */
export interface Succession {
  readonly before: Authority
  /** Undefined: the next number after that of the one before. */
  readonly name: string | undefined
  /** The root that the successor is signed by; its key must be there. */
  readonly root: Authority
  /** Where the key of the successor is made; undefined: where that of the one before is. */
  readonly keysIn: Custody | undefined
  readonly because: string
  /** What else a founding takes; its `issuingAlgorithm` is that of the successor. */
  readonly founding: Founding
}

export type Succeeded =
  | {
      readonly kind: 'succeeded'
      readonly before: Authority
      readonly successor: Authority
      /** How many doors it takes over. */
      readonly entrances: number
      /** Whether this call made it, or one before that was cut off. */
      readonly made: boolean
    }
  | Refused

/**
 * Moves the role of an issuing authority to a new one, with a key of its own, wherever that is kept: a key itself
 * never moves.
 *
 * The two overlap: the new one issues from now on, the one before signs status for what it issued, which stays
 * good until it ends. Safe to repeat after a crash: a successor of this name that took no door yet is taken as it
 * is.
 *
 * @throws Fault as `foundIssuing`
 */
export async function succeedAuthority(asked: Succession, ports: IssuingPorts): Promise<Succeeded> {
  const { before, root, because, founding } = asked
  const unfit = refuseUnfit(before)
  if (unfit !== undefined) return unfit
  const keysIn = asked.keysIn ?? (await custodyOf(before, ports))
  const algorithm = isTwin(before) ? twinAlgorithms.issuing : founding.issuingAlgorithm
  const unable = ports.keys.unable?.(algorithm, keysIn)
  if (unable !== undefined) return refuse('input-wrong', `keysIn: ${unable}`)
  if (root.key === null || !(await ports.keys.has(root.key))) {
    return refuse(
      'issuing-stopped',
      `the key of ${root.name} is not here; bring it back, or have the certificate signed where it is: "vitalsign authority request"`,
    )
  }
  const name = asked.name ?? (await nextName(before, ports))
  const there = await ports.ledger.find('authority', 'name', [name])
  if (there !== undefined && !isUnfinished(there, asked, algorithm))
    return refuse('exists-already', `an authority is named "${name}"; choose another name`)
  const inPlace = { ...founding, keysIn: { root: keysIn, issuing: keysIn, twin: keysIn } }
  const successor =
    there ?? (await foundIssuing(name, inPlace, root, ports, await besideOf(before, ports)))
  const stopped = await stopAuthority(before, because, founding.actor, ports, successor)
  if (stopped.kind === 'refused') return stopped
  const { authority, entrances } = stopped
  return {
    kind: 'succeeded',
    ...{ before: authority, successor, entrances, made: there === undefined },
  }
}

function refuseUnfit({ name, kind, state, origin }: Authority): Refused | undefined {
  if (kind !== 'issuing')
    return refuse('not-permitted', `${name} is a ${kind} authority; roots follow by "new-root"`)
  if (state !== 'active')
    return refuse('issuing-stopped', `${name} is ${state} already; name the one that issues now`)
  if (origin === 'adopted')
    return refuse(
      'not-permitted',
      `${name} came from another PKI, whose root is not here: make an authority of this house and stop it: "vitalsign authority stop ${shellWord(name)}"`,
    )
  return undefined
}

/** Made for this by a call that was cut off: nobody stopped for it, and it is what is asked now. */
function isUnfinished(there: Authority, { before, root }: Succession, algorithm: string): boolean {
  return (
    there.id !== before.id &&
    there.kind === 'issuing' &&
    there.state === 'active' &&
    there.origin === (isForSigners(before) ? before.origin : null) &&
    there.parent === root.id &&
    there.algorithm === algorithm &&
    isTwin(there) === isTwin(before) &&
    Temporal.Instant.compare(there.createdAt, before.createdAt) > 0
  )
}

async function custodyOf({ key }: Authority, { ledger }: IssuingPorts): Promise<Custody> {
  const custody = key === null ? null : (await ledger.read('key', key))?.custody
  const kind = custody?.split(' ', 1)[0]
  return kind === 'pkcs11' || kind === 'tpm' ? kind : 'file'
}

/** issuing-1 -> issuing-2, issuing-1-twin -> issuing-2-twin, plant -> plant-2; the first that is free. */
async function nextName({ name }: Authority, { ledger }: IssuingPorts): Promise<string> {
  const [, stem = name, number = '1', twin = ''] = /^(.*?)(?:-(\d{1,6}))?(-twin)?$/.exec(name) ?? []
  for (let next = Number(number) + 1; ; next++) {
    const free = `${stem}-${next}${twin}`
    if ((await ledger.find('authority', 'name', [free])) === undefined) return free
  }
}

/** A twin's successor stands beside the same authority. */
async function besideOf({ twin }: Authority, { ledger }: IssuingPorts) {
  return twin === null ? undefined : await ledger.read('authority', twin)
}
