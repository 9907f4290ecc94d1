// SPDX-License-Identifier: Apache-2.0
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
  const unfollow = feed.follow(({ events }) => {
    if (!events.some(({ type }) => type === 'person-claimed')) return
    remove()
    unfollow()
  })
}
