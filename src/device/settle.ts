// SPDX-License-Identifier: Apache-2.0
import { refuse } from '#trust/refusal.ts'
import type { Later } from './connection/answer.ts'
import { cannotShow, canShow, type Line } from './connection/line.ts'
import { askWhoami, type Whoami } from './connection/whoami.ts'
import type { Credential } from './credential.ts'
import type { Refused } from './refusal.ts'
import type { Files } from './state/files.ts'
import { fileOf, readCredential, type Slot } from './state/state.ts'

/** Nothing waits; or what waited proved itself and is in use. */
export type Settled = { readonly kind: 'nothing' } | Proved
export interface Proved {
  readonly kind: 'proved'
  readonly credential: Credential
  /** How the server knows it; or why it could not be shown to the server. */
  readonly standing: Whoami | Unheard
}

/** The server was not heard, or could not be asked. */
export interface Unheard {
  readonly kind: 'unheard'
  readonly why: string
}

/**
 * Lets a received credential prove itself in a real connection, and only then drops the one in use.
 *
 * Power may go at any step: before the rename the old one is in use and this is done again at the next
 * run; the rename drops the old and takes the new at once; what is removed after it serves nobody.
 * A credential that the server refuses is given up only where an older one stands behind it.
 */
export async function settle(
  files: Files,
  slot: Slot,
  serial: string,
  line: Line,
): Promise<Settled | Refused | Later> {
  const next = readCredential(files, fileOf.next(slot))
  if (next === undefined) return { kind: 'nothing' }
  const answer = await prove(next, serial, line)
  if (answer.kind === 'refused' && refusesIt(answer) && isInUse(files, slot)) {
    files.remove(fileOf.next(slot))
    files.remove(fileOf.request(slot))
    files.sync()
  }
  if (answer.kind === 'refused' || answer.kind === 'later') return answer
  files.rename(fileOf.next(slot), fileOf.inUse(slot))
  files.sync()
  files.remove(fileOf.request(slot))
  files.sync()
  return { kind: 'proved', credential: next, standing: answer }
}

/** Whether a "no" about the credential came from the server itself: only that may cost it its place. */
function refusesIt({ reason }: Refused): boolean {
  return reason === 'credential-refused' || reason === 'answer-not-ours'
}

function isInUse(files: Files, slot: Slot): boolean {
  return files.read(fileOf.inUse(slot)) !== undefined
}

/**
 * Shows a credential to the server, which must know this very certificate as this device's.
 *
 * One whose key is in a TPM cannot be shown where this program cannot use the key in TLS: that the server made a
 * certificate for it, after the key had signed and was attested, has to be enough.
 */
export async function prove(
  credential: Credential,
  serial: string,
  line: Line,
): Promise<Whoami | Refused | Later | Unheard> {
  if (!canShow(credential)) return { kind: 'unheard', why: cannotShow }
  const answer = await askWhoami(line, credential)
  if (answer.kind !== 'known') return answer
  if (answer.device !== serial) {
    return refuse('answer-not-ours', `the server knows us as ${answer.device}, we are ${serial}`)
  }
  const ours = credential.leaf.serialNumber.toHex()
  if (!sameNumber(answer.serialNumber, ours)) {
    return refuse(
      'answer-not-ours',
      `the server saw certificate ${answer.serialNumber}, we showed ${ours}`,
    )
  }
  return answer
}

/** Hex of the same positive number; a leading 00 of DER says nothing. */
function sameNumber(left: string, right: string): boolean {
  return left.replace(/^(00)+/, '') === right.replace(/^(00)+/, '')
}
