// SPDX-License-Identifier: Apache-2.0
import { encodeFirmwareReport, firmwareReportPath } from '#format/firmware-report.ts'
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import { lineOf, readBond } from '../bond.ts'
import { answeredNo, type Later, parseObject } from '../connection/answer.ts'
import { ask, cannotShow, canShow } from '../connection/line.ts'
import { persist } from '../persist.ts'
import type { DevicePorts } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { fileOf, readCredential } from '../state/state.ts'
import { type FirmwareRefused, readFirmwareTrust } from './firmware-trust.ts'
import { readVersionBook } from './version-book.ts'

export interface FirmwareTold {
  readonly kind: 'told'
  readonly firmwareVersion: string
  readonly securityVersion: number
  /** SHA-256, hexadecimal, of what it believes updates by. */
  readonly anchors: readonly string[]
  /** The server had heard of a higher security version before. */
  readonly fellBack: boolean
}

/**
 * Tells the server what this device runs and whom it believes updates of, over a connection in which it shows its
 * identity.
 *
 * @param firmwareVersion what it runs; the security version is that of its own counter
 */
export async function reportFirmware(
  ports: DevicePorts,
  firmwareVersion: string,
): Promise<FirmwareTold | Refused | FirmwareRefused> {
  const bond = readBond(ports.files)
  const credential = readCredential(ports.files, fileOf.inUse('working'))
  if (bond === undefined || credential === undefined)
    return refuse('not-enrolled', 'the device holds no enrolment')
  if (!canShow(credential)) return refuse('credential-not-shown', cannotShow)
  const held = readFirmwareTrust(ports)
  if (held.kind === 'refused') return held
  const { keys, roots } = held.trust
  const spkis = [...keys.map(({ spki }) => spki), ...roots.map(({ publicKey }) => publicKey.der)]
  const anchors = [...new Set(spkis.map((spki) => sha256(spki).toHex()))].sort()
  const { counter: securityVersion } = readVersionBook(ports.files)
  const body = encodeFirmwareReport({ firmwareVersion, securityVersion, anchors })
  const tell = async (): Promise<FirmwareTold | Refused | Later> => {
    const reply = await ask(lineOf(ports, bond), credential, {
      ...{ method: 'POST', path: firmwareReportPath, body },
      headers: { 'content-type': 'application/json' },
    })
    if (reply.kind === 'refused') return reply
    const no = answeredNo(reply)
    if (no !== undefined) return no
    const { fellBack } = parseObject(new TextDecoder().decode(reply.body))
    return { kind: 'told', firmwareVersion, securityVersion, anchors, fellBack: fellBack === true }
  }
  return persist(ports, 1, tell)
}
