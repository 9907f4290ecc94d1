// SPDX-License-Identifier: Apache-2.0
import type { Certificate } from '#format/x509/certificate.ts'
import { type Bond, lineOf } from './bond.ts'
import type { Later } from './connection/answer.ts'
import { type Certificates, fetchCaCertificates, type Request } from './connection/est.ts'
import type { Line } from './connection/line.ts'
import type { DevicePorts } from './ports.ts'
import { receive } from './receive.ts'
import type { Refused } from './refusal.ts'
import { prepareRequest, signRequest, type Wanted } from './request.ts'
import { type Proved, settle } from './settle.ts'
import { fileOf, type Slot } from './state/state.ts'

/** One credential to get, and the question to ask for it. */
export interface Errand {
  readonly slot: Slot
  readonly wanted: Wanted
  /** The certificate that is being renewed, if one is. */
  readonly current: Certificate | undefined
  readonly ask: (line: Line, request: Request) => Promise<Certificates | Refused | Later>
}

/**
 * Gets one credential, from key to proof, in steps that power may cut off anywhere:
 * key and request on disk -> asked -> answer on disk beside the old -> proven -> in use, the old gone.
 */
export async function obtain(
  ports: DevicePorts,
  bond: Bond,
  { slot, wanted, current, ask }: Errand,
): Promise<Proved | Refused | Later> {
  const { files } = ports
  const line = lineOf(ports, bond)
  const offered = await fetchCaCertificates(line)
  if (offered.kind !== 'certificates') return offered
  const prepared = await prepareRequest(files, slot, wanted)
  const answer = await ask(line, {
    der: prepared.request,
    bind: (challengePassword) => signRequest(prepared, wanted, challengePassword),
  })
  if (answer.kind === 'refused' && answer.reason === 'refused-by-server') {
    // The "no" may be about the key itself; the next attempt makes another.
    files.remove(fileOf.request(slot))
    files.sync()
  }
  if (answer.kind !== 'certificates') return answer
  const received = receive(files, answer.certificates, {
    slot,
    prepared,
    current,
    roots: bond.roots,
    offered: offered.certificates,
    now: line.trust.now,
  })
  if (received.kind === 'refused') return received
  const settled = await settle(files, slot, bond.settings.serial, line)
  if (settled.kind === 'nothing') throw new Error('what was just received is gone')
  return settled
}
