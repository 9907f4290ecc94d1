// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { type Bond, lineOf } from './bond.ts'
import type { Later } from './connection/answer.ts'
import { type Certificates, fetchCaCertificates, type Request } from './connection/est.ts'
import type { Line } from './connection/line.ts'
import type { Credential } from './credential.ts'
import { DeviceFault } from './fault.ts'
import { howMade } from './keys/how-made.ts'
import { type KeyPlace, keyPlaceOf } from './keys/keys-of.ts'
import type { DevicePorts } from './ports.ts'
import { receive } from './receive.ts'
import type { Refused } from './refusal.ts'
import { type Prepared, prepareRequest, requestAgain, signRequest, type Wanted } from './request.ts'
import { type Proved, settle } from './settle.ts'
import { fileOf, keysNamed, type Slot } from './state/state.ts'

/** One credential to get, and the question to ask for it. */
export interface Errand {
  readonly slot: Slot
  readonly wanted: Wanted
  /** The certificate that is being renewed, if one is. */
  readonly current: Certificate | undefined
  /** The credential whose key is certified once more; absent: a new key is made. */
  readonly keyOf?: Credential | undefined
  readonly ask: (
    line: Line,
    request: Request,
    prepared: Prepared,
  ) => Promise<Certificates | Refused | Later>
}

/**
 * Gets one credential, from key to proof, in steps that power may cut off anywhere:
 * how it is made is known -> key and request on disk -> asked -> answer on disk beside the old -> proven -> in use, the old gone.
 */
export async function obtain(
  ports: DevicePorts,
  bond: Bond,
  { slot, wanted, current, keyOf, ask }: Errand,
): Promise<Proved | Refused | Later> {
  const { files } = ports
  const line = lineOf(ports, bond)
  const offered = await fetchCaCertificates(line)
  if (offered.kind !== 'certificates') return offered
  const place = keyPlaceOf(files, bond.settings)
  await place.keys.forgetAllBut(keysNamed(files))
  const prepared =
    keyOf === undefined
      ? await prepareRequest(files, place.keys, slot, wanted, () => howMade(ports, bond.settings))
      : await requestAgain(place.keys, keyOf, wanted)
  const request: Request = {
    der: prepared.request,
    bind: (challengePassword) => signRequest(place.keys, prepared, wanted, challengePassword),
  }
  const answer = await ask(line, request, prepared)
  if (answer.kind === 'refused' && answer.reason === 'refused-by-server') {
    // The "no" may be about the key itself; the next attempt makes another.
    files.remove(fileOf.request(slot))
    files.sync()
  }
  if (answer.kind !== 'certificates') return answer
  const received = receive(files, answer.certificates, {
    slot,
    purpose: bond.settings.role === 'application' ? 'any' : 'device',
    prepared,
    current,
    roots: bond.roots,
    offered: offered.certificates,
    now: line.trust.now,
  })
  if (received.kind === 'refused') return received
  const settled = await settle(files, slot, bond.settings.serial, line)
  if (settled.kind === 'nothing') throw new Error('what was just received is gone')
  if (settled.kind === 'proved') await forgetTheOld(ports, place)
  return settled
}

/** The key that was in use before serves nobody; that it cannot be dropped now does not undo what was got. */
async function forgetTheOld({ files, say }: DevicePorts, { keys }: KeyPlace): Promise<void> {
  try {
    await keys.forgetAllBut(keysNamed(files))
  } catch (error) {
    if (!(error instanceof DeviceFault)) throw error
    say(`the key in use before stays in the TPM for now: ${error.message}`)
  }
}
