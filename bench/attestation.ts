// SPDX-License-Identifier: Apache-2.0
/**
 * A device proves its TPM and is certified, against swtpm: what the server costs, and what the TPM does.
 *
 * Server and device are in one process, every question goes over a fresh TLS connection, and the TPM is a program: a
 * chip takes longer for the same commands. The limit is the TPM's own time in the same exchange.
 */

import { registerTpm } from '#core/attestation/register-tpm.ts'
import { addProduct } from '#core/devices/product.ts'
import { applyProfile } from '#core/policy/apply-profile.ts'
import { tpmSet } from '#core/policy/ready/tpm-set.ts'
import { parseBeginAnswer, parseCertifyAnswer } from '#format/attestation/messages.ts'
import { sha256 } from '#trust/digest.ts'
import { openTestHouse, withDevice } from '../test/support/house.ts'
import { makeTpm, openTpmMaker, withoutTpm } from '../test/support/tpm.ts'
import { TpmDevice } from '../test/support/tpm-device.ts'
import { median, type Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

const operator = { kind: 'person', id: 'bench' } as const

/** Milliseconds of each step of one exchange. */
interface Taken {
  readonly begin: number
  readonly tpm: number
  readonly certify: number
  readonly request: number
  readonly enrol: number
}

export async function benchAttestation({ rounds }: { readonly rounds: number }): Promise<Row[]> {
  if (withoutTpm !== false) throw new Error(withoutTpm)
  // A device begins a dozen exchanges a minute, and is given two dozen certificates a day: each of ours has a day.
  let passed = Temporal.Duration.from({ seconds: 0 })
  const clock = { now: () => Temporal.Now.instant().add(passed) }
  const house = await openTestHouse(undefined, { clock })
  const maker = openTpmMaker()
  const tpm = await makeTpm(maker)
  try {
    const working = tpmSet.find(({ name }) => name === 'tpm-working')
    const identities = { atMost: 100, because: 'our choice: the bench is one device' }
    await applyProfile({ ...working, name: 'bench', identities }, operator, house.core)
    const words = { name: 'pump', exposure: 'none', maker: 'Acme', profile: 'bench' } as const
    const added = await addProduct(words, operator, house.core)
    if (added.kind === 'refused') throw new Error(added.detail)
    const taken: Taken[] = []
    let device = await TpmDevice.open(house, tpm, 'PUMP-0')
    const { fingerprint, spki } = device.endorsement.publicKey
    const named = { fingerprint, spkiSha256: sha256(spki), certificateSha256: null }
    const record = await withDevice(house, added.product, 'PUMP-0')
    const tpmIs = { ...named, announcedSha256: null }
    const registered = await registerTpm(record, tpmIs, undefined, operator, house.core)
    if (registered.kind === 'refused') throw new Error(registered.detail)
    const key = await device.makeKey()
    for (let round = 0; round <= rounds; round++) {
      passed = passed.add({ hours: 25 })
      device = new TpmDevice({ ...device })
      const one = await exchange(device, key)
      if (round > 0) taken.push(one) // the first one warms up
    }
    return rowsOf(taken)
  } finally {
    await house.stop()
    await tpm.remove()
    maker.remove()
  }
}

async function exchange(
  device: TpmDevice,
  key: Awaited<ReturnType<TpmDevice['makeKey']>>,
): Promise<Taken> {
  const bytes = ({ status, body }: { status: number; body: string }) => {
    if (status !== 200) throw new Error(body)
    return new TextEncoder().encode(body)
  }
  const marks = [performance.now()]
  const step = async <T>(work: Promise<T>): Promise<T> => {
    const done = await work
    marks.push(performance.now())
    return done
  }
  const begun = parseBeginAnswer(bytes(await step(device.askToBegin())))
  const answer = await step(device.answerTo(begun, key))
  const { results } = parseCertifyAnswer(bytes(await step(device.certify(answer))))
  await step(device.request(key))
  bytes(await step(device.enrol(key, results[0]?.ticket ?? '')))
  const span = (index: number) => (marks[index + 1] ?? 0) - (marks[index] ?? 0)
  return { begin: span(0), tpm: span(1), certify: span(2), request: span(3), enrol: span(4) }
}

function rowsOf(taken: readonly Taken[]): Row[] {
  const middle = (of: (one: Taken) => number) => Number(median(taken.map(of)).toFixed(1))
  const whole = middle(
    ({ begin, tpm, certify, request, enrol }) => begin + tpm + certify + request + enrol,
  )
  const inTpm = middle(({ tpm, request }) => tpm + request)
  return [
    {
      name: 'a key attested and certified, swtpm, fresh TLS each',
      value: whole,
      unit: 'ms',
      note: `median of ${taken.length}; 3 round trips (begin, certify, simpleenroll), each on a connection of its own; ${inTpm} ms of it in the TPM`,
    },
    {
      name: 'begin: expect the TPM, seal a credential, book',
      value: middle(({ begin }) => begin),
      unit: 'ms',
      note: 'with its TLS handshake; RSA-2048 endorsement key',
    },
    {
      name: 'certify: verify key and quote, book, certificate of the attestation key',
      value: middle(({ certify }) => certify),
      unit: 'ms',
      note: 'with its TLS handshake; the attestation key has its certificate already',
    },
    {
      name: 'what the TPM does: activate, certify, quote of 8 registers',
      value: middle(({ tpm }) => tpm),
      unit: 'ms',
      note: 'a program; a chip takes some hundred milliseconds a signature',
    },
  ]
}

if (import.meta.main) printRows(await benchAttestation({ rounds: 30 }))
