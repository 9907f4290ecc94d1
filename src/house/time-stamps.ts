// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs'
import { Fault } from '#core/fault.ts'
import type { Clock, Randomness } from '#core/ports.ts'
import type { StampSource } from '#core/time-stamps/stamp-source.ts'
import { AskedTimeStamps } from '#edge/time-stamps/ask-time-stamp.ts'
import { FormatError } from '#format/format-error.ts'
import { parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import type { Configuration } from './configuration.ts'

/**
 * Where releases get their time-stamps: from the authority that the settings name, else from the house.
 *
 * @throws Fault `configuration-wrong` if its roots do not read
 */
export function openStampSource(
  { timeStamps }: Pick<Configuration, 'timeStamps'>,
  own: StampSource,
  random: Randomness,
  clock: Clock,
): StampSource {
  if (timeStamps === undefined) return own
  const { url, rootsFile } = timeStamps
  return new AskedTimeStamps({ url, roots: readRoots(rootsFile) }, random, clock)
}

function readRoots(path: string): readonly Certificate[] {
  try {
    const roots = parsePem(readFileSync(path, 'utf8')).map(({ bytes }) => parseCertificate(bytes))
    if (roots.length > 0) return roots
    throw new Fault('configuration-wrong', `time-stamp-roots: ${path} holds no certificate`)
  } catch (cause) {
    if (cause instanceof FormatError)
      throw new Fault('configuration-wrong', `time-stamp-roots: ${path}: ${cause.message}`)
    if (cause instanceof Error && 'code' in cause && !(cause instanceof Fault))
      throw new Fault('configuration-wrong', `time-stamp-roots: ${path} cannot be read`, { cause })
    throw cause
  }
}
