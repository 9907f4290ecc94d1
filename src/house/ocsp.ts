// SPDX-License-Identifier: Apache-2.0
/** What the house does for those who answer OCSP: it tells them what changed, and renews them. */

import type { Change } from '#core/ledger/ledger.ts'
import type { Authority } from '#core/ledger/tables.ts'
import { type DeskPorts, OcspDesk } from '#core/ocsp/desk.ts'
import {
  answeredBy,
  findResponder,
  hadResponder,
  type Responder,
} from '#core/ocsp/find-responder.ts'
import { clear, raise } from '#core/watch/alarm.ts'
import type { News } from '#edge/store/store.ts'
import type { Core } from './core.ts'
import type { Feed } from './feed.ts'

/** Makes the desk, which hears of every change from now on. */
export function openOcsp(ports: DeskPorts, feed: Feed): OcspDesk {
  const desk = new OcspDesk(ports)
  feed.follow((change) => hear(change, desk))
  feed.followElsewhere((news) => hearElsewhere(news, desk, ports))
  return desk
}

/** So little of its life is left that whoever could not renew it by then needs help: half a month of three. */
const nearShare = 1 / 6

export interface ResponderState {
  readonly authority: Authority
  readonly responder: Responder | undefined
  /** It ends soon, and should have a successor by now. */
  readonly isNear: boolean
}

type OcspCore = Pick<Core, 'ocsp' | 'doors' | 'ledger' | 'clock' | 'random'>

/**
 * The authorities that are answered for: those of whose certificates some carry the address of OCSP, and those
 * that somebody once asked about.
 */
export async function responderStates(core: OcspCore): Promise<readonly ResponderState[]> {
  const { ocsp, doors, ledger, clock } = core
  const pointed = new Set(
    doors.open
      .filter(({ profile }) => profile.document.status.ocsp)
      .flatMap(({ issuer, twin }) => [issuer.authority.id, twin?.authority.id]),
  )
  const now = clock.now()
  const states: ResponderState[] = []
  for (const authority of ocsp.authorities) {
    if (authority.state === 'retired') continue
    if (!pointed.has(authority.id) && !(await hadResponder(authority.id, ledger))) continue
    const responder = await findResponder(authority.id, now, ledger)
    states.push({ authority, responder, isNear: responder !== undefined && isNear(responder, now) })
  }
  return states
}

function isNear({ notBefore, notAfter }: Responder, now: Temporal.Instant): boolean {
  const life = notAfter.since(notBefore).total('milliseconds')
  return now.until(notAfter).total('milliseconds') <= life * nearShare
}

/** Renews whoever answers, well before the end, and tells where that cannot be. */
export async function renewResponders(core: OcspCore, signal: AbortSignal): Promise<void> {
  for (const { authority } of await responderStates(core)) {
    signal.throwIfAborted()
    const renewed = await core.ocsp.responders.renew(authority)
    const because = 'reason' in renewed ? renewed.detail : undefined
    const now = core.clock.now()
    const responder = await findResponder(authority.id, now, core.ledger)
    if (responder !== undefined && !isNear(responder, now)) {
      await clear('ocsp-responder-ending', authority.id, core)
      continue
    }
    const end =
      responder === undefined ? 'nobody answers' : `who answers ends ${responder.notAfter}`
    await raise(
      {
        ...{ kind: 'ocsp-responder-ending', subject: authority.id },
        severity: responder === undefined ? 'critical' : 'warning',
        text: `OCSP for ${authority.name}: ${end}, and there is no successor: ${because ?? 'not yet'}`,
        facts: { authority: authority.name, end: responder?.notAfter.toString() ?? null },
      },
      core,
    )
  }
}

/** Whatever changed about a certificate, what was said of it is forgotten before the committer goes on. */
function hear({ puts }: Change, desk: OcspDesk): void {
  for (const { kind, record } of puts) {
    if (kind === 'bareRevocation') desk.forget(record.authority, record.serialNumber)
    if (kind !== 'certificate') continue
    desk.forget(record.authority, record.serialNumber)
    const answers = answeredBy(record.owner)
    // Nobody is to be shown what a responder signed that was itself revoked.
    if (answers !== undefined && record.revokedAt !== null) desk.forgetAll()
    else if (answers !== undefined) desk.responders.forget(answers)
  }
}

/** Events tell of a certificate first; what its serial number is the ledger knows. */
async function hearElsewhere(
  news: News,
  desk: OcspDesk,
  { ledger }: Pick<DeskPorts, 'ledger'>,
): Promise<void> {
  if (news.kind === 'missed') return desk.forgetAll()
  const changed = new Set<string>()
  for (const { type, subjects } of news.events) {
    const [id = '', owner = ''] = subjects
    if (!id.startsWith('crt_') || type === 'certificate-first-used') continue
    // Nothing was kept of what nobody had issued.
    const answers = type === 'certificate-issued' ? answeredBy(owner) : undefined
    if (answers !== undefined) desk.responders.forget(answers)
    if (type !== 'certificate-issued') changed.add(id)
  }
  try {
    const records = await Promise.all([...changed].map((id) => ledger.read('certificate', id)))
    const puts = records.flatMap((record) =>
      record === undefined ? [] : [{ kind: 'certificate', record } as const],
    )
    hear({ puts, events: [] }, desk)
  } catch (cause) {
    // Which ones these are is not known, and it is not told a second time.
    desk.forgetAll()
    throw cause
  }
}
