// SPDX-License-Identifier: Apache-2.0
/** The numbers of draft-ietf-suit-manifest-37, one table a registry. They differ from those of drafts before 09. */

export const suitDraft = 'draft-ietf-suit-manifest-37'

/** Tags of section 12. */
export const suitTags = { envelope: 107, manifest: 1070 } as const

/** Keys of the envelope. */
export const envelopeKeys = { authentication: 2, manifest: 3 } as const

/** Members of a manifest that may stand in the envelope instead, with their digest in the manifest. */
export const severableMembers = {
  16: 'payload-fetch',
  20: 'install',
  23: 'text',
} as const

/** The severable member that is no command sequence. */
export const textKey = 23

/** Command sequences of a manifest that cannot. */
export const unseverableSequences = { 7: 'validate', 8: 'load', 9: 'invoke' } as const

/** Keys of a manifest beside its members. */
export const manifestKeys = { version: 1, sequenceNumber: 2, common: 3, referenceUri: 4 } as const

/** Keys of the common section. */
export const commonKeys = { components: 2, sharedSequence: 4 } as const

/** What the argument of a command is. */
export type CommandArgument = 'policy' | 'index' | 'sequences' | 'parameters' | 'sequence'

interface CommandRow {
  readonly name: string
  readonly argument: CommandArgument
}

/** Section 8.4.9 and 8.4.10. */
export const suitCommands: ReadonlyMap<number, CommandRow> = new Map([
  [1, condition('vendor-identifier')],
  [2, condition('class-identifier')],
  [3, condition('image-match')],
  [5, condition('component-slot')],
  [6, condition('check-content')],
  [12, { name: 'directive-set-component-index', argument: 'index' }],
  [14, condition('abort')],
  [15, { name: 'directive-try-each', argument: 'sequences' }],
  [18, directive('write')],
  [20, { name: 'directive-override-parameters', argument: 'parameters' }],
  [21, directive('fetch')],
  [22, directive('copy')],
  [23, directive('invoke')],
  [24, condition('device-identifier')],
  [31, directive('swap')],
  [32, { name: 'directive-run-sequence', argument: 'sequence' }],
])

function condition(name: string): CommandRow {
  return { name: `condition-${name}`, argument: 'policy' }
}

function directive(name: string): CommandRow {
  return { name: `directive-${name}`, argument: 'policy' }
}

export const parameterKeys = {
  vendorIdentifier: 1,
  classIdentifier: 2,
  imageDigest: 3,
  imageSize: 14,
  uri: 21,
} as const

/** Section 8.4.8. */
export const suitParameters: ReadonlyMap<number, string> = new Map([
  [1, 'vendor-identifier'],
  [2, 'class-identifier'],
  [3, 'image-digest'],
  [5, 'component-slot'],
  [12, 'strict-order'],
  [13, 'soft-failure'],
  [14, 'image-size'],
  [18, 'content'],
  [21, 'uri'],
  [22, 'source-component'],
  [23, 'invoke-args'],
  [24, 'device-identifier'],
  [25, 'fetch-arguments'],
])

/** Digests by their number in COSE (RFC 9054 section 3). Only SHA-256 has to be known by every device. */
export const suitDigests: ReadonlyMap<
  number,
  { readonly name: 'sha256' | 'sha384' | 'sha512'; readonly octets: number }
> = new Map([
  [-16, { name: 'sha256', octets: 32 }],
  [-43, { name: 'sha384', octets: 48 }],
  [-44, { name: 'sha512', octets: 64 }],
])

/** The number of SHA-256. */
export const sha256Number = -16

/** Whoever wrote it wants a record of success and of failure, with the state of the system (section 8.4.7). */
export const reportAll = 15
/** A record of failure alone. */
export const reportFailure = 2
