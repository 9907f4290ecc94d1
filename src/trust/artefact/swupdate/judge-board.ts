// SPDX-License-Identifier: Apache-2.0
import type { Setting } from '#format/firmware/bundle/sw-description.ts'
import type { ArtefactRefused } from '#trust/artefact/refusal.ts'
import type { DeviceTrust } from '#trust/artefact/verdict.ts'
import { refuse } from '#trust/refusal.ts'
import { foundByPosixPattern } from './posix-pattern.ts'

/** What begins so is a pattern, and not the revision itself. */
const patternMark = '#RE:'
/** SWUpdate cuts off what is longer (SWUPDATE_GENERAL_STRING_SIZE, with its end). */
const mostCharacters = 255

/**
 * Whether an update is for the board of a device, as SWUpdate holds `hardware-compatibility` against its
 * `/etc/hwrevision`, or `-H BOARD:REVISION`. A device that says no hardware is not asked.
 *
 * @see SWUpdate parser/parser.c, find_node; core/hw-compatibility.c, hwid_match
 */
export function judgeBoard(
  settings: { readonly [name: string]: Setting },
  { hardware }: Pick<DeviceTrust, 'hardware'>,
): ArtefactRefused | undefined {
  if (hardware === undefined) return undefined
  const colon = hardware.indexOf(':')
  if (colon < 1 || colon === hardware.length - 1)
    return refuse(
      'artefact-hardware-wrong',
      `the device says "${hardware.slice(0, 80)}"; SWUpdate knows boards as BOARD:REVISION`,
    )
  const [board, revision] = [hardware.slice(0, colon), hardware.slice(colon + 1)]
  const said = listFor(board, settings['software'])
  if (said === undefined)
    return refuse(
      'artefact-hardware-wrong',
      `sw-description has no hardware-compatibility for ${board}, and SWUpdate installs none without`,
    )
  const revisions = said.filter((one) => typeof one === 'string' && one !== '').map(String)
  if (revisions.some((one) => fits(one, revision))) return undefined
  const unread = revisions.filter((one) => isUnread(one, revision))
  const words =
    unread.length === 0
      ? ''
      : `; ${unread.join(', ').slice(0, 128)} is no pattern that is read here`
  return refuse(
    'artefact-hardware-wrong',
    `made for ${revisions.join(', ').slice(0, 256) || 'nothing'}, the device is ${board} in revision ${revision}${words}`,
  )
}

/** That of the board counts before that of all. */
function listFor(board: string, software: Setting | undefined): readonly Setting[] | undefined {
  for (const place of [inGroup(software, board), software]) {
    const found = inGroup(place, 'hardware-compatibility')
    if (Array.isArray(found)) return found
  }
  return undefined
}

function inGroup(setting: Setting | undefined, name: string): Setting | undefined {
  if (typeof setting !== 'object' || Array.isArray(setting)) return undefined
  return Object.entries(setting).find(([one]) => one === name)?.[1]
}

function fits(said: string, revision: string): boolean {
  if (said.length > mostCharacters) return false
  if (!said.startsWith(patternMark)) return said === revision
  return foundByPosixPattern(said.slice(patternMark.length), revision) === true
}

function isUnread(said: string, revision: string): boolean {
  const isPattern = said.startsWith(patternMark)
  return isPattern && foundByPosixPattern(said.slice(patternMark.length), revision) === undefined
}
