// SPDX-License-Identifier: Apache-2.0
/** What people read of the end of a signing key: in one line, and what to do before. */
import { type KeyWhatIf, strandsSomething } from '#core/rotation/what-if-key.ts'

export function keySummary(found: KeyWhatIf): string {
  const { key, effects, found: counts } = found
  if (!strandsSomething(found)) return `nothing breaks when ${key.name} ends`
  const expired = effects.filter(
    ({ ending, install }) => ending === 'certificate-ended' && install === 'refused',
  )
  const releases = new Set(expired.flatMap((one) => one.releases))
  const { dependent, unknown } = counts
  return [
    ...(dependent > 0 ? [`${dependent} devices believe updates of no other key`] : []),
    ...(unknown > 0 ? [`${unknown} devices never said whom they believe`] : []),
    ...(releases.size > 0
      ? [`${releases.size} published releases are refused once its certificate ends`]
      : []),
    ...(effects.some(({ ending, install }) => ending === 'revoked' && install === 'refused')
      ? ['what it signed is refused where lists are looked at, once it is revoked']
      : []),
  ].join('; ')
}

/** The first thing first. */
export function keyStepsBefore(found: KeyWhatIf): readonly string[] {
  const { key, effects, followers, found: counts } = found
  const needed = counts.dependent + counts.unknown > 0
  const next = followers.find(({ state }) => state === 'current')
  const expires = effects.some(
    ({ ending, install }) => ending === 'certificate-ended' && install === 'refused',
  )
  return [
    ...(counts.unknown > 0
      ? ['have devices say what they believe: vitalsign-device firmware report --firmware VERSION']
      : []),
    ...(needed && next === undefined
      ? [
          `make the key that follows it: vitalsign signing-key make PRODUCT --name NAME --for ${key.forms.join(',')} --next`,
        ]
      : []),
    ...(needed
      ? [
          `replace it step by step: vitalsign rotation begin PRODUCT --from ${key.id} --to KEY --because TEXT`,
        ]
      : []),
    ...(expires
      ? [
          `publish releases anew that a signer with a longer certificate signed: ${found.outlived.map(({ firmwareVersion }) => firmwareVersion).join(', ') || 'those that devices are still to take'}`,
        ]
      : []),
  ]
}
