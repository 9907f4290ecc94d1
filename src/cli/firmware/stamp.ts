// SPDX-License-Identifier: Apache-2.0
/** Time-stamps for what is signed here, by the authority that the command line names. */
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { systemClock } from '#edge/clock/system-clock.ts'
import type { Stamp } from '#trust/artefact/form.ts'
import type { AnyForm } from '#trust/artefact/forms.ts'
import type { Said } from '../commands/read-line.ts'
import { wrongUse } from '../stop.ts'
import { certificatesIn } from './device-trust.ts'
import { stopFor } from './stop-for.ts'

/** How often a time-stamp was given: a form that carries none asks for none. */
export interface Stamping {
  readonly stamp: Stamp
  /** @throws Stop if what was signed carries none */
  checkUsed(form: AnyForm): void
}

/** Undefined: no time-stamp is asked for. @throws Stop */
export async function stampingOf(said: Said): Promise<Stamping | undefined> {
  const from = said.text('timeStampsFrom')
  const rootsFile = said.text('timeStampRoots')
  if (from === undefined && rootsFile === undefined) return undefined
  if (from === undefined || rootsFile === undefined)
    throw wrongUse(
      `${from === undefined ? '--time-stamps-from' : '--time-stamp-roots'} is missing`,
      'who stamps and its roots are named together: a time-stamp is checked before it is used',
    )
  const url = URL.canParse(from) ? new URL(from) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw wrongUse(`--time-stamps-from ${from} is no address`, 'one with http or https')
  const roots = certificatesIn(rootsFile, '--time-stamp-roots')
  // Loaded here: what is signed without a time-stamp has no use for HTTP.
  const { AskedTimeStamps } = await import('#edge/time-stamps/ask-time-stamp.ts')
  const authority = new AskedTimeStamps({ url, roots }, systemRandomness, systemClock)
  let given = 0
  return {
    async stamp(signature) {
      const stamped = await authority.stamp(signature)
      if (stamped.kind === 'refused') throw stopFor(stamped)
      given++
      return stamped.token
    },
    checkUsed({ title }) {
      if (given > 0) return
      throw wrongUse(
        `${title} carries no time-stamp`,
        'leave --time-stamps-from out; a token may stand beside it: docs/guides/time-stamps.md',
      )
    },
  }
}
