// SPDX-License-Identifier: Apache-2.0
import type { RuleName } from '../rules.ts'

/** One place of a configuration where a secret stands, or a switch that opens a device. */
export interface SettingRow {
  readonly rule: RuleName
  /** What it is, for the finding. */
  readonly what: string
  readonly confidence: 'certain' | 'likely' | 'possible'
  readonly needles: readonly string[]
  readonly anyCase?: true
  /**
   * Matched against the line; with `after`, against the text from the needle's line on, so many characters. Its group
   * `value` is the secret, `name` what tells it from others of the same file.
   */
  readonly pattern: RegExp
  readonly after?: number
  /** Also in programs, whose strings end at a zero octet. */
  readonly anywhere?: true
  /** Whether a value is one; absent: whatever is no placeholder. */
  readonly judge?: (value: string, groups: Readonly<Record<string, string | undefined>>) => boolean
}
