// SPDX-License-Identifier: Apache-2.0

import { refuse } from '../refusal.ts'
import type { OptionRow } from './form.ts'
import { compareVersions } from './predict/compare-versions.ts'
import type { ArtefactRefused } from './refusal.ts'

/** Chosen in the place of a version: whatever the file says of itself. */
export const anyVersion = 'any'

/** Of the forms whose files say their version. */
export const versionOption: OptionRow = {
  kind: 'text',
  help: 'the version that the file has to say of itself, or any',
}

/** How a file says its version: as that, or as the end of its name (`pump-2.4.1`). */
export type SaidAs = 'version' | 'name'

/**
 * Whether a file says another version than the one that is wanted. Two are the same that updaters take for the same:
 * `v2.4` and `2.4.0+build7`.
 *
 * @param said what the file says; undefined: nothing, and then nothing is held against it
 * @param wanted undefined: nobody asks
 */
export function refuseOtherVersion(
  said: string | undefined,
  wanted: string | undefined,
  as: SaidAs = 'version',
): ArtefactRefused | undefined {
  if (said === undefined || wanted === undefined || wanted === anyVersion) return undefined
  const own = as === 'name' ? endingOf(said, wanted) : said
  if (own === undefined || own === wanted || compareVersions(own, wanted) === 0) return undefined
  return refuse(
    'artefact-version-differs',
    `its ${as} is "${said.slice(0, 80)}", wanted is version "${wanted.slice(0, 80)}": build it with that version, or choose the one that it says (version; ${anyVersion}: whatever it says)`,
  )
}

/** What of a name looks like a version, to its end: numbers and dots, for `release-2` counts. Undefined: it says none. */
function endingOf(name: string, wanted: string): string | undefined {
  if (name.endsWith(wanted) && /[^0-9A-Za-z.]$/.test(name.slice(0, -wanted.length))) return wanted
  return /(?:^|[^0-9A-Za-z.])(v?\d+\.\d[0-9A-Za-z.+-]*)$/.exec(name)?.[1]
}
