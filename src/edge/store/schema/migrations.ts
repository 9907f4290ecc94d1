// SPDX-License-Identifier: Apache-2.0
/**
 * The steps to the schema of today: each once, forward only, never edited after its release.
 *
 * A schema's version is its place here, counted from 1, on every database. A database that this
 * program learnt to use later starts with a step that makes all at once.
 */
export const migrations: readonly string[] = [
  '0001-first.sql',
  '0002-spine.sql',
  '0003-roots.sql',
  '0004-status.sql',
  '0005-keywatch.sql',
  '0006-firmware.sql',
]
