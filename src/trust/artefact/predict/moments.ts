// SPDX-License-Identifier: Apache-2.0
import { parseStatusFile } from '#format/compact-status/status-file.ts'
import { FormatError } from '#format/format-error.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { formatName, type Name } from '#format/x509/name.ts'
import { readRevocationList } from '#trust/peer/crl/revocation-list.ts'
import type { SignerClaim } from '../judge-signer.ts'
import type { DeclaredDevice } from './declared-device.ts'

/** A moment at which a device may begin to judge otherwise. */
export interface Moment {
  readonly at: Temporal.Instant
  /** In plain words. */
  readonly why: string
}

/** More certificates and lists than this change nothing that a person would read. */
const most = 64
const second = Temporal.Duration.from({ seconds: 1 })

/**
 * Every moment after `from` and up to `until` at which something ends or begins that the judgement hangs on: the
 * certificates that came along, the device's roots, its lists and its status file. In order, each moment once.
 */
export function momentsBetween(
  device: DeclaredDevice,
  claims: readonly SignerClaim[],
  from: Temporal.Instant,
  until: Temporal.Instant,
): readonly Moment[] {
  const certificates = [...claims.flatMap(({ chain }) => chain), ...device.roots]
  const found = [...certificates.flatMap(spanOf), ...listEnds(device), ...statusEnd(device)]
  const byTime = new Map<string, Moment>()
  for (const moment of found) {
    const isWithin =
      Temporal.Instant.compare(moment.at, from) > 0 &&
      Temporal.Instant.compare(moment.at, until) <= 0
    const before = byTime.get(String(moment.at))
    if (!isWithin || before?.why.includes(moment.why)) continue
    const why = before === undefined ? moment.why : `${before.why}; ${moment.why}`
    byTime.set(String(moment.at), { at: moment.at, why })
  }
  return [...byTime.values()]
    .toSorted((one, other) => Temporal.Instant.compare(one.at, other.at))
    .slice(0, most)
}

function spanOf({ notBefore, notAfter, subject }: Certificate): readonly Moment[] {
  return [
    { at: notBefore, why: `"${named(subject)}" begins` },
    // Its last second counts.
    { at: notAfter.add(second), why: `"${named(subject)}" has expired` },
  ]
}

function named(name: Name): string {
  return formatName(name).slice(0, 256)
}

/** What does not read has no end; it is told where it is used. */
function listEnds({ lists }: DeclaredDevice): readonly Moment[] {
  return lists.flatMap((bytes) =>
    reading(() => {
      const { crl } = readRevocationList(bytes)
      return {
        at: crl.nextUpdate.add(second),
        why: `the revocation list of "${named(crl.issuer)}" is out of date`,
      }
    }),
  )
}

function statusEnd({ statusFile }: DeclaredDevice): readonly Moment[] {
  if (statusFile === undefined) return []
  return reading(() => {
    const { expiresAt } = parseStatusFile(statusFile)
    return { at: expiresAt, why: 'the status file is out of date' }
  })
}

function reading(read: () => Moment): readonly Moment[] {
  try {
    return [read()]
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return []
  }
}
