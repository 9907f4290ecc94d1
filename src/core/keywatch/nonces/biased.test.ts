// SPDX-License-Identifier: Apache-2.0
/** The search for biased nonces, from the requests at the door to the act of revocation. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#core/ledger/ids.ts'
import type { Change, Committed, Put } from '#core/ledger/ledger.ts'
import { openAlarm } from '#core/watch/alarm.ts'
import { allOf } from '#core/watch/pages.ts'
import type { Means } from '#house/core.ts'
import { findBiasedNonces } from '#trust/weak-keys/nonces/biased-nonces.ts'
import { octetsOf } from '#trust/weak-keys/nonces/curve.ts'
import { again, type Bad, enrolBad, keyOf } from '../../../../test/support/bad-signers.ts'
import { anyNumber } from '../../../../test/support/chosen-nonces.ts'
import {
  addPump,
  certificateOf,
  operator,
  type TestCore,
  withCore,
} from '../../../../test/support/core.ts'
import { readGroup } from '../group.ts'
import { readKeyPolicy, setKeyPolicy } from '../key-policy.ts'
import type { SignedKey, WatchPorts } from '../ports.ts'
import { proposeEnding } from '../propose.ts'
import { runWatch } from '../run-watch.ts'
import { pauseWatch, resumeWatch, watchState } from '../state.ts'
import { summarise } from '../summary.ts'
import { SignatureWalk } from './walk-signatures.ts'
import { walkSigned } from './walk-signed.ts'

const never = new AbortController().signal

/** The watch with the search for nonces and nothing else, and the keys that it searched. */
class Watch {
  readonly searched: SignedKey[] = []
  readonly core: TestCore
  /** A walk meets again what came in its last hour. */
  readonly #known = new Set<string>()
  tests = 'lattices 1'
  budget = Temporal.Duration.from({ hours: 1 })
  /** Called before a key is searched. */
  meanwhile: () => Promise<unknown> = async () => {}

  constructor(core: TestCore) {
    this.core = core
  }

  async run(signal: AbortSignal = never) {
    const { core } = this
    const walk = new SignatureWalk({
      ...{ ...core, nonceOf: () => undefined, nonceTable: () => '', pause: async () => {} },
    })
    await walk.run(never)
    return runWatch(this.#ports(), signal, () => {})
  }

  #ports(): WatchPorts {
    const { ledger, clock, random, environment, pause } = this.core
    return {
      ...{ ledger, clock, random, environment, pause, node: 'one', deepBudget: this.budget },
      tester: { tests: async () => 'none', test: async () => [] },
      primes: {
        place: async () => undefined,
        note: async () => {},
        add: async () => 0,
        run: async () => [],
        booked: async () => {},
        state: async () => ({ moduli: 0, waiting: 0 }),
      },
      nonces: {
        ...{ tests: this.tests, budget: this.budget },
        search: async (key) => {
          const mark = `${this.tests} ${key.fingerprint.toHex()} ${key.signatures.length}`
          if (this.#known.has(mark)) return undefined
          await this.meanwhile()
          this.searched.push(key)
          const found = findBiasedNonces(key.curve, key.point, key.signatures) ?? null
          if (found === null) this.#known.add(mark)
          return found
        },
      },
    }
  }
}

/** Half as long as it should be. */
const short = () => anyNumber('p-256') >> 128n
const sound = () => anyNumber('p-256')

/** A device that signs so many requests with one key. */
async function signer(core: TestCore, serial: string, times: number, nonceOf = short) {
  const pump = (await core.ledger.list('product', { limit: 1 })).items[0] ?? (await addPump(core))
  const bad = await enrolBad(core, pump, serial, nonceOf())
  const certificates = [bad.certificate]
  for (let time = 1; time < times; time++) certificates.push(await again(core, bad, nonceOf()))
  return { ...bad, certificates }
}

async function findingsOf(core: TestCore) {
  return Array.fromAsync(allOf('keyFinding', core.ledger))
}

/** No octets of the private key stand anywhere in what is told. */
function assertSilent(core: TestCore, { key }: Bad, ...told: readonly unknown[]): void {
  const text = JSON.stringify([told, core.events], (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString(16) : value,
  )
  for (const base of [10, 16]) assert.ok(!text.includes(key.scalar.toString(base)))
}

test('a device whose nonces are half as long as they should be has lost its key by its third signature', async () => {
  await withCore(async (core) => {
    const watch = new Watch(core)
    const bad = await signer(core, 'PUMP-1', 2)
    const honest = await signer(core, 'PUMP-2', 3, sound)
    assert.deepEqual([(await watch.run()).nonces, await findingsOf(core)], [1, []])
    const third = await again(core, bad, short())
    const run = await watch.run()
    assert.deepEqual([run.kind, run.nonces, run.found], ['done', 1, 1])

    const [finding, ...others] = await findingsOf(core)
    assert.deepEqual([finding?.kind, finding?.severity, others], ['nonce-biased', 'critical', []])
    const { detail, requests, ...facts } = finding?.facts ?? {}
    assert.match(String(detail), /in the secret numbers of 3 of its signatures the upper 12[89]/)
    assert.match(String(detail), /of 256 bits are zero: its private key was computed from them/)
    assert.equal(String(requests).split(' ').length, 3)
    assert.deepEqual([facts['end'], facts['how'], facts['serial']], ['upper', 'zero', 'PUMP-1'])
    assert.equal((await keyOf(core, bad)).state, 'compromised')
    assert.equal((await certificateOf(core, third)).revocationReason, 1)
    assert.equal((await keyOf(core, honest)).state, 'active')
    const alarm = await openAlarm('key-recovered', (await keyOf(core, bad)).id, core.ledger)
    assert.match(alarm?.text ?? '', /PUMP-1 can be computed .*revoked/)
    assertSilent(core, bad, finding?.facts, alarm, await watchState(core.ledger))
  })
})

test('where the policy proposes, people are told which lot it is and how to end trust in it', async () => {
  await withCore(async (core) => {
    const policy = await readKeyPolicy(core.ledger)
    await setKeyPolicy({ ...policy, recovered: 'propose' }, 'a test', operator, core)
    const bad = await signer(core, 'PUMP-1', 3)
    await new Watch(core).run()
    assert.equal((await keyOf(core, bad)).state, 'weak')
    const [finding] = await findingsOf(core)
    const group = finding && (await readGroup('nonce-biased', finding.cause, core.ledger))
    assert.match(group === undefined ? '' : summarise(group), /1 key of 1 owner: .*product pump/)
    const proposal = group && (await proposeEnding(group, core))
    assert.ok(proposal?.kind === 'proposal')
    assert.match(proposal.steps.at(-1)?.command ?? '', /revocation end .*nonce-biased/)
  })
})

test('a key is searched when it signed something new, and when the search is another one', async () => {
  await withCore(async (core) => {
    const watch = new Watch(core)
    const device = await signer(core, 'PUMP-1', 3, sound)
    assert.equal((await watch.run()).nonces, 1)
    core.clock.pass({ hours: 2 })
    assert.equal((await watch.run()).nonces, 0)
    assert.equal((await watch.run()).nonces, 0)
    assert.equal(watch.searched.length, 1)
    await again(core, device, sound())
    assert.equal((await watch.run()).nonces, 1)
    assert.deepEqual(
      watch.searched.map(({ signatures }) => signatures.length),
      [3, 4],
    )
    // The newest first, as the search wants them.
    const all = await Array.fromAsync(allOf('signature', core.ledger))
    assert.deepEqual(watch.searched[1]?.signatures[0]?.r, all.at(-1)?.r)
    watch.tests = 'lattices 2'
    assert.equal((await watch.run()).nonces, 1)
    const { nonces } = await watchState(core.ledger)
    assert.deepEqual([nonces?.tests, nonces?.keys], ['lattices 2', 1])
  })
})

test('a run that was paused, cut off or out of time goes on where it was', async () => {
  await withCore(async (core) => {
    const watch = new Watch(core)
    for (const serial of ['PUMP-1', 'PUMP-2']) await signer(core, serial, 3, sound)
    await signer(core, 'PUMP-3', 3)
    // Somebody pauses it while the first key is searched.
    watch.meanwhile = () => pauseWatch('a test', operator, core)
    assert.equal((await watch.run()).kind, 'paused')
    watch.meanwhile = async () => {}
    assert.equal((await watch.run()).kind, 'paused')
    await resumeWatch(operator, core)
    // An hour is over after the first one.
    watch.meanwhile = async () => core.clock.pass({ minutes: 61 })
    assert.equal((await watch.run()).nonces, 1)
    assert.deepEqual(await findingsOf(core), [])
    watch.meanwhile = async () => {}
    const stopped = new AbortController()
    stopped.abort()
    assert.equal((await watch.run(stopped.signal)).kind, 'stopped')
    assert.equal((await watch.run()).nonces, 1)
    assert.equal((await findingsOf(core)).length, 1)
  })
})

test('a long history of keys that signed once is walked at a quarter of the thread', async () => {
  await withCore(async (core) => {
    const any = () => octetsOf(sound(), 32)
    const puts = Array.from({ length: 150 }, (): Put => {
      const r = any()
      return {
        kind: 'signature',
        record: {
          ...{ id: newId('signature', core), version: 1, keyFingerprint: any(), digest: any(), r },
          ...{ s: any(), mark: r.slice(0, 8), enrolment: null, attestation: null },
          ...{ refusedOf: null, at: core.clock.now() },
        },
      }
    })
    await core.ledger.commit({ puts, events: [] })
    const pauses: number[] = []
    let instant = core.clock.now()
    const clock = { now: () => (instant = instant.add({ milliseconds: 10 })) }
    const pause = async (milliseconds: number) => void pauses.push(milliseconds)
    const pages = await Array.fromAsync(walkSigned(null, { ...core, clock, pause }))
    assert.deepEqual([pages.length, pauses], [3, [30, 30]])
  })
})

test('what could not be booked is searched once more', async () => {
  let isBusy = true
  const replace = ({ ledger }: Means) => ({
    ledger: {
      read: ledger.read.bind(ledger),
      find: ledger.find.bind(ledger),
      list: ledger.list.bind(ledger),
      count: ledger.count.bind(ledger),
      commit: async (change: Change): Promise<Committed> => {
        const put = change.puts.find(({ kind }) => kind === 'keyFinding')
        if (put === undefined || !isBusy) return ledger.commit(change)
        return { kind: 'conflict', record: put.kind, id: put.record.id, rule: 'version' }
      },
    },
  })
  await withCore(async (core) => {
    const watch = new Watch(core)
    const bad = await signer(core, 'PUMP-1', 3)
    await watch.run()
    assert.equal((await keyOf(core, bad)).state, 'active')
    isBusy = false
    await watch.run()
    assert.equal((await keyOf(core, bad)).state, 'compromised')
    // Everybody knows this one already.
    watch.tests = 'lattices 2'
    await watch.run()
    assert.equal(watch.searched.length, 2)
  }, replace)
})
