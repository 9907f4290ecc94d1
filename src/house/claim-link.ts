// SPDX-License-Identifier: Apache-2.0
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditEvent } from '#core/audit/event.ts'
import type { Feed } from './feed.ts'

/** Where the claim link lies when no terminal is there to show it. */
export function claimLinkFile(data: string): string {
  return join(data, 'claim-link')
}

/**
 * Leaves the claim link in a file that only the owner can read, until somebody claims.
 *
 * What an earlier start left goes in any case: its link is spent or expired.
 *
 * @param link undefined if there is nothing to claim, or a terminal shows it
 */
export function keepClaimLink(data: string, link: string | undefined, feed: Feed): void {
  const path = claimLinkFile(data)
  const remove = () => rmSync(path, { force: true })
  remove()
  if (link === undefined) return
  writeFileSync(path, `${link}\n`, { mode: 0o600, flag: 'wx' })
  const hear = (events: readonly AuditEvent[]) => {
    if (!events.some(({ type }) => type === 'person-claimed')) return
    remove()
    for (const end of unfollow) end()
  }
  const unfollow = [
    feed.follow(({ events }) => hear(events)),
    feed.followElsewhere((news) => {
      if (news.kind === 'events') hear(news.events)
    }),
  ]
}
