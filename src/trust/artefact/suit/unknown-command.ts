// SPDX-License-Identifier: Apache-2.0
import { commandsOf } from '#format/suit/commands.ts'
import type { SuitEnvelope } from '#format/suit/envelope.ts'
import { sequencesIn } from '#format/suit/manifest.ts'
import { severableMembers, suitParameters } from '#format/suit/numbers.ts'
import { refuse } from '#trust/refusal.ts'
import type { ArtefactRefused } from '../refusal.ts'

/** Below it numbers are private: a device may know what its maker means (section 12.4). */
const privateBelow = -255

/**
 * A device that meets a command that it does not know has to stop (section 6.4): so it is told before it starts.
 *
 * Commands and parameters of the maker's own, which are negative, pass; inspection shows them.
 */
export function unknownCommandIn(envelope: SuitEnvelope): ArtefactRefused | undefined {
  for (const [where, sequence] of allSequences(envelope))
    for (const { number, name, argument } of commandsOf(sequence)) {
      if (name === undefined && number >= privateBelow)
        return refuse('artefact-field-not-allowed', `command ${number} in ${where} is not known`)
      if (argument.kind !== 'parameters') continue
      const odd = argument.parameters.find(
        (one) => one.number >= privateBelow && !suitParameters.has(one.number),
      )
      if (odd !== undefined)
        return refuse(
          'artefact-field-not-allowed',
          `parameter ${odd.number} in ${where} is not known`,
        )
    }
  const { unknown, unknownInCommon } = envelope.manifest
  for (const [where, numbers] of [
    ['the manifest', unknown],
    // Dependencies of another draft stand here: other manifests, which nothing here judges.
    ['its common section', unknownInCommon],
  ] as const)
    if (numbers.length > 0)
      return refuse(
        'artefact-field-not-allowed',
        `${where} has ${numbers.join(', ')}, which draft 37 does not have`,
      )
  return
}

/** Of the manifest and of what was severed from it. */
export function allSequences({ manifest, severed }: SuitEnvelope) {
  return [
    ...sequencesIn(manifest),
    ...severed.flatMap(({ key, sequence }) =>
      sequence === undefined
        ? []
        : [[severableMembers[key as keyof typeof severableMembers], sequence] as const],
    ),
  ]
}
