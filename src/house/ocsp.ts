// SPDX-License-Identifier: Apache-2.0
/** What the house does for those who answer OCSP: it tells them what changed, and renews them. */

import type { Change } from '#core/ledger/ledger.ts'
import { type DeskPorts, OcspDesk } from '#core/ocsp/desk.ts'
import { answeredBy } from '#core/ocsp/find-responder.ts'
import type { News } from '#edge/store/store.ts'
import type { Feed } from './feed.ts'

/** Makes the desk, which hears of every change from now on. */
export function openOcsp(ports: DeskPorts, feed: Feed): OcspDesk {
  const desk = new OcspDesk(ports)
  feed.follow((change) => hear(change, desk))
  feed.followElsewhere((news) => hearElsewhere(news, desk, ports))
  return desk
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

/** Events tell of a certificate first; its serial number stands in most of them. */
async function hearElsewhere(
  news: News,
  desk: OcspDesk,
  { ledger }: Pick<DeskPorts, 'ledger'>,
): Promise<void> {
  if (news.kind === 'missed') return desk.forgetAll()
  for (const { type, subjects } of news.events) {
    const [id = '', owner = ''] = subjects
    if (!id.startsWith('crt_') || type === 'certificate-first-used') continue
    if (type === 'certificate-issued') {
      // Nothing was kept of what nobody had issued.
      const answers = answeredBy(owner)
      if (answers !== undefined) desk.responders.forget(answers)
      continue
    }
    const record = await ledger.read('certificate', id)
    if (record !== undefined) hear({ puts: [{ kind: 'certificate', record }], events: [] }, desk)
  }
}
