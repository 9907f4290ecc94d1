// SPDX-License-Identifier: Apache-2.0
/**
 * Signatures by the server's TPM backend, by turns with what the TPM gives to who does nothing but ask it.
 *
 *     node bench/tpm.ts [--rounds 3] [--count 2000]
 *
 * The TPM is swtpm: a program, so that what is measured is the way there and back; a chip is slower by far.
 */
import { parseArgs } from 'node:util'
import { openTpmLink } from '#device/tpm/link.ts'
import { TpmBackend, type TpmShelf } from '#edge/tpm/tpm-backend.ts'
import { exchange, type TpmTransport } from '#format/tpm/command/exchange.ts'
import { create, flushContext, load } from '#format/tpm/command/objects.ts'
import { sign } from '#format/tpm/command/signing.ts'
import { tpmDigest } from '#trust/tpm/name.ts'
import { signingKeyTemplates, storageRootHandle } from '#trust/tpm/templates.ts'
import { makeTpm } from '../test/support/tpm.ts'
import { atOnce, meter } from './tools/meter.ts'
import { median, type Row } from './tools/row.ts'
import { printRows } from './tools/table.ts'

export interface TpmOptions {
  readonly rounds: number
  /** Signatures in a round. */
  readonly count: number
}

/** Signatures under way at a time. */
const clients = 16
const message = new Uint8Array(400)

export async function benchTpm({ rounds, count }: TpmOptions): Promise<Row[]> {
  const tpm = await makeTpm()
  const link = openTpmLink({ kind: 'socket', path: tpm.socket }, 60_000)
  const backend = new TpmBackend('bench', {
    transport: link.transport,
    shelf: shelf(),
    report: console.error,
    close: () => link.close(),
  })
  try {
    await backend.open()
    await backend.make('p-256', 'key_bench')
    const ours = () => atOnce(clients, count, () => backend.sign('key_bench', message))
    await ours() // to warm up
    const bare = await bareKey(link.transport)
    const taken: { readonly rate: number; readonly limit: number }[] = []
    for (let round = 0; round < rounds; round++) {
      const before = await meter(() => bare.sign(count))
      const { seconds } = await meter(ours)
      const after = await meter(() => bare.sign(count))
      taken.push({ rate: count / seconds, limit: (2 * count) / (before.seconds + after.seconds) })
    }
    await bare.drop()
    const middle = median(taken.map(({ rate, limit }) => rate / limit))
    const { rate, limit } = taken.find((one) => one.rate / one.limit === middle)!
    return [
      {
        name: 'sign, swtpm P-256 through the queue',
        ...{ value: Math.round(rate), unit: '/s' },
        limit: { name: 'the TPM alone', value: Math.round(limit) },
        note: `${clients} at a time; every signature is checked before it is used`,
      },
    ]
  } finally {
    await backend.close()
    await tpm.remove()
  }
}

/** A key of its own, and nothing between it and the TPM. */
async function bareKey(transport: TpmTransport) {
  const made = await exchange(transport, create(storageRootHandle, signingKeyTemplates['p-256']))
  const { handle } = await exchange(transport, load(storageRootHandle, made))
  const digest = tpmDigest('sha256', message)
  const scheme = { name: 'ecdsa', hash: 'sha256' } as const
  return {
    sign: async (count: number) => {
      for (let done = 0; done < count; done++)
        await exchange(transport, sign(handle, digest, scheme))
    },
    drop: () => exchange(transport, flushContext(handle)),
  }
}

function shelf(): TpmShelf {
  const files = new Map<string, string>()
  return {
    ids: async () => [...files.keys()],
    read: async (keyId) => files.get(keyId),
    write: async (keyId, text) => void files.set(keyId, text),
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      count: { type: 'string', default: '2000' },
    },
  })
  printRows(await benchTpm({ rounds: Number(values.rounds), count: Number(values.count) }))
}
