// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'

/** This program as it calls itself to others: its name and the version of its package. */
export function clientVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text) as { version: unknown }
  return `vitalsign-device ${version}`
}
