// SPDX-License-Identifier: Apache-2.0
import type { Answer } from '../talk/server.ts'

type Effect = Answer<'signing-key.what-if'>['effects'][number]

/** Releases that are shown; `--json` has more. */
const mostReleases = 8

const endings: Readonly<Record<Effect['ending'], string>> = {
  retired: 'it signs nothing more',
  'certificate-ended': 'its certificate ends',
  revoked: 'it is revoked',
  removed: 'devices no longer hold it',
}

/** What devices do in one form if a signing key ends in one way, and why. */
export function effectLines(effect: Effect): readonly string[] {
  const { form, ending, install, start, releases, devices, because } = effect
  const does = [
    install === 'refused' ? 'refused at install' : 'taken',
    ...(start === 'does-not-start' ? ['does not start'] : []),
    ...(devices > 0 ? [`up to ${devices} devices`] : []),
    ...(releases.length > 0 ? [`releases ${releases.slice(0, mostReleases).join(', ')}`] : []),
  ]
  return [`${form}, if ${endings[ending]}: ${does.join('; ')}`, `  ${because}`]
}
