// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import { newId } from '../ledger/ids.ts'
import type { Ledger, Put } from '../ledger/ledger.ts'
import type { Release, ReleaseLine } from '../ledger/tables.ts'
import type { Clock, Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'

type Line = Pick<Release, 'product' | 'environment' | 'channel'>
type Placed = Line & Pick<Release, 'securityVersion'>

/**
 * Why a release may not have its security version, if so: something higher was signed for the same devices, and
 * some of them may keep a counter that says so already, whatever became of that release.
 */
export async function checkSecurityVersion(
  release: Placed,
  ledger: Ledger,
): Promise<Refused | undefined> {
  return judged(release, await lineOf(release, ledger))
}

/**
 * What a signature writes beside it: the line of the release at its height. Of two releases that are signed at
 * once, the second finds that the line has moved, and is judged anew.
 */
export async function raisingLine(
  release: Placed & Pick<Release, 'id'>,
  { ledger, ...ports }: { ledger: Ledger; clock: Clock; random: Randomness },
): Promise<Put | Refused> {
  const line = await lineOf(release, ledger)
  const falls = judged(release, line)
  if (falls !== undefined) return falls
  const { id, product, environment, channel, securityVersion } = release
  const record: ReleaseLine =
    line === undefined
      ? {
          ...{ id: newId('releaseLine', ports), version: 1, product, environment, channel },
          ...{ securityVersion, release: id },
        }
      : { ...line, version: line.version + 1, securityVersion, release: id }
  return { kind: 'releaseLine', record }
}

/** The line of a release, once something of it was signed. */
export async function lineOf(
  { product, environment, channel }: Line,
  ledger: Ledger,
): Promise<ReleaseLine | undefined> {
  return ledger.find('releaseLine', 'line', [product, environment, channel])
}

function judged(
  { securityVersion, channel }: Placed,
  line: ReleaseLine | undefined,
): Refused | undefined {
  if (line === undefined || securityVersion >= line.securityVersion) return undefined
  return refuse(
    'security-version-falls',
    `security version ${securityVersion}, and ${line.securityVersion} was signed in channel ${channel}`,
  )
}
