// SPDX-License-Identifier: Apache-2.0
import type { HssPublicKey } from '#format/lms/hss.ts'
import { parsePem } from '#format/pem.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { signerPurposes } from '#trust/artefact/signer-purpose.ts'
import { readHeldStatus } from '#trust/artefact/status-of-files.ts'
import type { DeviceTrust } from '#trust/artefact/verdict.ts'
import { environments } from '#trust/environment-mark.ts'
import type { PublicKey } from '#trust/public-key.ts'
import { importSoundKey } from '#trust/sound-key.ts'
import { certificatesOf } from '../commands/certificate-file.ts'
import { publicKeysOf } from '../commands/public-key-file.ts'
import type { Said } from '../commands/read-line.ts'
import { readFile } from '../files.ts'
import { wrongUse } from '../stop.ts'
import { hssKeyOf } from './hss-key-file.ts'
import { stopFor } from './stop-for.ts'

/** What a device has and asks, as the flags say it. @throws Stop */
export function trustOf(said: Said, now: Temporal.Instant): DeviceTrust {
  const { keys, hssKeys } = keysIn(listed(said, 'deviceKey'))
  const roots = listed(said, 'deviceRoots').flatMap((path) => certificatesIn(path, '--roots'))
  if (keys.length + hssKeys.length + roots.length === 0)
    throw wrongUse(
      'no key and no root is named by which the device would believe it',
      'name them: --key FILE for a bare public key, --roots FILE for certificates',
    )
  const stamps = said.text('stampRoots')
  const base = {
    ...{ keys, hssKeys, roots, demandsBoth: said.has('both'), counter: counterOf(said) },
    stampRoots: stamps === undefined ? [] : certificatesIn(stamps, '--stamp-roots'),
    purpose: signerPurposes.find((one) => one === said.text('purpose')) ?? 'email-and-code',
    environment: environments.find((one) => one === said.text('environment')) ?? 'production',
    now: clockOf(said, now),
    ...seenOf(said),
    ...whatItIs(said),
  } satisfies DeviceTrust
  return { ...base, ...statusOf(said, base) }
}

/** Keys that sign here, and those of HSS, which sign elsewhere. @throws Stop */
function keysIn(paths: readonly string[]) {
  const keys: PublicKey[] = []
  const hssKeys: HssPublicKey[] = []
  for (const path of paths) {
    const hss = hssKeyOf(readFile(path, '--key'))
    if (hss === undefined) keys.push(...publicKeysIn(path, '--key'))
    else hssKeys.push(hss)
  }
  return { keys, hssKeys }
}

function whatItIs(said: Said): Pick<DeviceTrust, 'product' | 'hardware'> {
  const [product, hardware] = [said.text('deviceProduct'), said.text('deviceHardware')]
  return {
    ...(product === undefined ? {} : { product }),
    ...(hardware === undefined ? {} : { hardware }),
  }
}

/** The paths or words of an argument that may be given several times. */
export function listed(said: Said, name: string): readonly string[] {
  const value = said.value(name)
  return Array.isArray(value) ? value.map(String) : []
}

/** @throws Stop */
export function certificatesIn(path: string, what: string): readonly Certificate[] {
  const pem = certificatesOf(readFile(path, what), path)
  return parsePem(pem).map(({ bytes }) => parseCertificate(bytes, { unknownCritical: 'keep' }))
}

/** Public keys of a file: bare ones, or those of certificates. @throws Stop */
export function publicKeysIn(path: string, what: string): readonly PublicKey[] {
  return publicKeysOf(readFile(path, what), path).map(({ spki }) => {
    const key = importSoundKey(spki)
    if ('kind' in key) throw stopFor(key)
    return key
  })
}

function counterOf(said: Said): number | undefined {
  const counter = said.value('counter')
  if (typeof counter !== 'number') return undefined
  if (counter < 0) throw wrongUse('--counter is below 0', 'a counter counts upwards from 0')
  return counter
}

/** @throws Stop */
function clockOf(said: Said, now: Temporal.Instant): Temporal.Instant | undefined {
  const at = said.text('at')
  if (!said.has('noClock')) return at === undefined ? now : momentOf(at, '--at')
  if (at === undefined) return undefined
  throw wrongUse('--at and --no-clock', 'a device without a clock knows no time; see --seen')
}

function seenOf(said: Said): Pick<DeviceTrust, 'seen'> {
  const seen = said.text('seen')
  return seen === undefined ? {} : { seen: momentOf(seen, '--seen') }
}

/** A moment, or a day, which begins at midnight of UTC. @throws Stop */
export function momentOf(text: string, what: string): Temporal.Instant {
  try {
    return Temporal.Instant.from(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00Z` : text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw wrongUse(`${what} ${text} is no time`, 'write 2031-12-31, or 2031-12-31T12:00Z')
  }
}

/** @throws Stop */
function statusOf(said: Said, base: DeviceTrust): Pick<DeviceTrust, 'status'> {
  const [status, lists] = [said.text('status'), listed(said, 'crl')]
  if (status === undefined && lists.length === 0) return {}
  const read = readHeldStatus(
    {
      statusFile: status === undefined ? undefined : readFile(status, '--status'),
      lists: lists.map((path) => readFile(path, '--crl')),
      whenUnknown: said.text('unknownStatus') === 'accept' ? 'accept' : 'refuse',
    },
    base,
  )
  if (read.kind === 'refused') throw stopFor(read)
  return { status: read.rule }
}
