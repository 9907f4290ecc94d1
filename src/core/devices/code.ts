// SPDX-License-Identifier: Apache-2.0
import { sha256 } from '#trust/digest.ts'
import { refuse } from '#trust/refusal.ts'
import type { Actor } from '../audit/event.ts'
import { newId } from '../ledger/ids.ts'
import { settle } from '../ledger/settle.ts'
import type { Code, Device } from '../ledger/tables.ts'
import type { Randomness } from '../ports.ts'
import type { Refused } from '../refusal.ts'
import { endedCode, openCodes } from './cut-off.ts'
import { refuseIfBarred } from './life.ts'
import type { DevicePorts } from './ports.ts'

/** Crockford's base32: no I, L, O, U, so that nothing is misread or spells a word. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
/** 24 signs of 5 bits: 120 bits of chance, so that a fast hash is enough to keep it. */
const signs = 24
const signsInGroup = 4

/** `7K3Q-…`: six groups of four signs. */
export function newCodeText(random: Randomness): string {
  // 256 is a multiple of 32: the low five bits of each byte are even.
  const text = Array.from(random.bytes(signs), (byte) => alphabet[byte % 32]).join('')
  return text.match(new RegExp(`.{${signsInGroup}}`, 'g'))!.join('-')
}

/**
 * What is kept of a code: SHA-256 of its signs, however they were typed (small letters, with or
 * without dashes or blanks, O for 0, I or L for 1). Any text has a hash; a wrong one fits no code.
 */
export function hashCode(text: string): Uint8Array {
  const plain = text.toUpperCase().replace(/[-\s]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1')
  return sha256(new TextEncoder().encode(plain))
}

export type CodeMade =
  | {
      readonly kind: 'made'
      readonly code: Code
      /** To be shown once; nothing keeps it. */
      readonly text: string
    }
  | Refused

/** Makes a one-time code by which a device may enrol; codes made before for it end. */
export async function newCode(
  device: Device,
  validForHours: number,
  actor: Actor,
  ports: DevicePorts,
): Promise<CodeMade> {
  const barred = refuseIfBarred(device)
  if (barred !== undefined) return barred
  if (device.enrolmentsLeft < 1) {
    return refuse(
      'device-already-enrolled',
      `device ${device.serial} has enrolled; allow it to enrol again first (device allow-re-enrol)`,
    )
  }
  const now = ports.clock.now()
  const text = newCodeText(ports.random)
  const code: Code = {
    id: newId('code', ports),
    version: 1,
    codeSha256: hashCode(text),
    device: device.id,
    product: device.product,
    createdAt: now,
    createdBy: actor.id,
    expiresAt: now.add({ hours: validForHours }),
    usedAt: null,
    usedFor: null,
    heldFor: null,
    attestation: null,
  }
  const refused = await settle(
    {
      puts: [
        { kind: 'code', record: code },
        ...(await openCodes(device, ports)).map((open) => endedCode(open, now)),
      ],
      events: [
        {
          type: 'code-made',
          at: now,
          actor,
          subjects: [code.id, device.id],
          facts: { expiresAt: code.expiresAt.toString() },
        },
      ],
    },
    ports.ledger,
  )
  return refused ?? { kind: 'made', code, text }
}
