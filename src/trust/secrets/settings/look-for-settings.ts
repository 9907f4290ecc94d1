// SPDX-License-Identifier: Apache-2.0
import { fingerprintOf } from '#trust/public-key.ts'
import { identityOf, placeIdentity } from '../identity.ts'
import { publicOfRaw } from '../keys/raw-key.ts'
import { lineAround } from '../line.ts'
import { isPlaceholder } from '../placeholder.ts'
import { type Look, type Sight, type Tell, textOf } from '../sight.ts'
import { networkRows } from './network-rows.ts'
import { passwordRows } from './password-rows.ts'
import type { SettingRow } from './setting-row.ts'
import { switchRows } from './switch-rows.ts'

const encoder = new TextEncoder()

export const lookForSettings: readonly Look[] = [
  ...networkRows,
  ...passwordRows,
  ...switchRows,
].flatMap((row) =>
  row.needles.map((needle) => ({
    octets: encoder.encode(needle),
    ...(row.anyCase ? { anyCase: true } : {}),
    look: (sight: Sight, tell: Tell) => lookAtSetting(row, sight, tell),
  })),
)

function lookAtSetting(row: SettingRow, sight: Sight, tell: Tell): void {
  if (!row.anywhere && !sight.file.isText) return
  if (row.rule === 'url-password' && !hasUser(sight)) return
  if (sight.file.isManual) return
  const line = lineAround(sight)
  if (!row.anywhere && !line.isFromStart) return
  // Long lines are costly to hold against a pattern.
  if (!tell.spend(1 + (line.text.length >> 8))) return
  const start = line.offset - sight.base
  const text =
    row.after === undefined
      ? line.text
      : textOf(sight.octets.subarray(start, sight.at + row.after)).replaceAll('\r\n', '\n')
  const match = row.pattern.exec(text)
  if (match === null) return
  const groups = match.groups ?? {}
  const { value } = groups
  if (value !== undefined && !(row.judge ?? isChosen)(value, groups)) return
  tellSetting(row, line.offset + match.index, groups, sight, tell)
}

function isChosen(value: string): boolean {
  return !isPlaceholder(value)
}

/** Most addresses have no user in them: found out before a line is made of octets. */
function hasUser({ octets, at }: Sight): boolean {
  const end = Math.min(octets.length, at + 260)
  for (let index = at + 4; index < end; index++) {
    const octet = octets[index]!
    if (octet === 0x40) return true
    // A slash, a sign that no user has, or the end of a string.
    if (octet === 0x2f || octet <= 0x20 || octet === 0x22 || octet === 0x27 || octet === 0x3c)
      return false
  }
  return false
}

function tellSetting(
  { rule, what, confidence }: SettingRow,
  offset: number,
  { name, value, scheme }: Readonly<Record<string, string | undefined>>,
  { file }: Sight,
  tell: Tell,
): void {
  if (rule === 'private-key' && value !== undefined) {
    tellWireGuardKey(value, what, offset, tell)
    return
  }
  const isMqtt = scheme?.startsWith('mqtt') ?? false
  const said = name === undefined ? what : `${what}: ${clean(name)}`
  const as = isMqtt ? 'mqtt-password' : rule
  tell.found({
    ...{ rule: as, confidence, offset, what: said },
    // The place, never the value: people choose it.
    identity: placeIdentity(as, file.name, what, name ?? ''),
  })
}

function tellWireGuardKey(value: string, what: string, offset: number, tell: Tell): void {
  const octets = Uint8Array.fromBase64(value)
  const material = publicOfRaw('x25519', octets)
  octets.fill(0)
  if (material === undefined) return
  const fingerprint = fingerprintOf('x25519', material).toHex()
  tell.found({
    ...{ rule: 'private-key', confidence: 'certain', offset, what, key: fingerprint },
    identity: identityOf('private-key', fingerprint),
  })
}

function clean(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 100)
}
