// SPDX-License-Identifier: Apache-2.0

/** Why octets were not looked into, each with what the one who scans can do about it. */
export const notScannedReasons = {
  'too-deep': 'raise --max-depth, or unpack it and scan what came out',
  'too-many-octets': 'raise --max-octets or --max-ratio if the file is not made to do harm',
  'too-many-members': 'raise --max-members if the file is not made to do harm',
  'member-too-large': 'raise --max-member',
  'too-long': 'raise --max-minutes, or scan its parts one by one',
  'spool-full': 'raise --max-spool, and see that the temporary directory has room',
  'not-unpacked': 'unpack it by other means, and scan what came out',
  encrypted: 'scan what goes into it, before it is encrypted',
  damaged: 'look whether the file is whole; what could be read of it was scanned',
  unreadable: 'scan as somebody who may read it',
  gone: 'scan again when nobody writes there',
  changed: 'scan again when nobody writes there',
  'other-file-system': 'name it as a path of its own',
  'scanner-ended': 'report this file: the scanner broke in it',
  outside: 'name where it leads as a path of its own, if that belongs to the product',
  'too-many-findings': 'mend what was found, and scan again; or scan its parts one by one',
  stopped: 'scan again, and let it come to its end',
} as const satisfies Record<string, string>

export type NotScannedReason = keyof typeof notScannedReasons

/** What stands in place of findings where nothing could be found: silence would be taken for innocence. */
export interface NotScanned {
  readonly kind: 'not-scanned'
  readonly reason: NotScannedReason
  /** Outermost file first, then what is inside it, and so on. */
  readonly path: readonly string[]
  /** Octets from the beginning of the innermost, where the part begins; null: the whole of it. */
  readonly offset: number | null
  /** One line that ends "not scanned because …". */
  readonly because: string
}
