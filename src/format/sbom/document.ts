// SPDX-License-Identifier: Apache-2.0
/** What an SBOM says, whatever its form. */

export interface SbomDocument {
  /** `CycloneDX 1.6`, `SPDX 2.3`. */
  readonly form: string
  /** By which other documents name it: `urn:uuid:…`, or a namespace. */
  readonly id: string | undefined
  readonly madeAt: Temporal.Instant | undefined
  readonly authors: readonly string[]
  /** What it is an SBOM of. */
  readonly describes: readonly SbomComponent[]
  /** All that is in it, what it describes included. */
  readonly components: readonly SbomComponent[]
  /** CycloneDX may carry what is known of vulnerabilities, too: how many it names. */
  readonly vulnerabilities: number
}

export interface SbomComponent {
  /** Within the document; made up where it has none. */
  readonly ref: string
  readonly name: string
  readonly version: string | undefined
  readonly supplier: string | undefined
  /** purl, CPE, SWID: by which others look it up. */
  readonly identifiers: readonly string[]
  /** SHA-256, 64 hexadecimal digits. */
  readonly sha256: readonly string[]
  /** A digest of any algorithm. */
  readonly hasHash: boolean
  /** Something is said about what it is in, or what is in it, also that this is nothing. */
  readonly isRelated: boolean
  /** What its maker does for it, such as `actively maintained`. */
  readonly supportLevel: string | undefined
  /** Until when; a day or an instant, as it is written. */
  readonly endOfSupport: string | undefined
}

const dayForm = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/

/** Whether it is a day of the calendar or an instant of ISO 8601, which is what an end of support is. */
export function isDay(text: string): boolean {
  if (!dayForm.test(text)) return false
  try {
    if (text.length > 10) Temporal.Instant.from(text)
    else Temporal.PlainDate.from(text)
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
