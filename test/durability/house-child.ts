// SPDX-License-Identifier: Apache-2.0
/**
 * A house that dies at a chosen step of one act: before its n-th booking, signature or making of a key.
 * What stands after a step is what stands before the next, so each state is met once.
 *
 * Arguments: directory, act (`found`, `enrol`, `revoke`, `sign`, or `end` of many, of which the parts alone are steps),
 * step (0: never), the act's own, base64, and further options of `serve`.
 * Prints `acknowledged` when the act was answered, and how many steps there were.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { writeSync } from 'node:fs'
import type { SigningKeys } from '#core/authority/signing-key.ts'
import { enrol } from '#core/enrolment/enrol.ts'
import type { Ledger } from '#core/ledger/ledger.ts'
import { askAct } from '#core/revocation/acts/ask.ts'
import { carryOut } from '#core/revocation/acts/carry-out.ts'
import { revoke } from '#core/revocation/revoke.ts'
import { signRelease } from '#core/signing/sign-release.ts'
import { signingPorts } from '#house/verbs/signing.ts'
import { openTestHouse } from '../support/house.ts'

const [directory = '', act = '', stepText = '0', detail = '', ...words] = process.argv.slice(2)
const dieAt = Number(stepText)
/** What the act does and sets off; timed work of the house beside it is no step. */
const acting = new AsyncLocalStorage<true>()
let step = 0

/** One step of the act: the process ends here if it is the chosen one, as by a cut of power. */
function passes(): void {
  if (!acting.getStore()) return
  step++
  if (step === dieAt) process.kill(process.pid, 'SIGKILL')
}

function dyingLedger(ledger: Ledger): Ledger {
  return {
    read: (kind, id) => ledger.read(kind, id),
    find: (kind, key, values) => ledger.find(kind, key, values),
    list: (kind, query) => ledger.list(kind, query),
    count: (kind, query) => ledger.count(kind, query),
    commit: async (change) => {
      if (act !== 'end' || change.puts.some(({ kind }) => kind === 'revocation')) passes()
      return ledger.commit(change)
    },
  }
}

function dyingKeys(keys: SigningKeys): SigningKeys {
  return {
    make: async (algorithm, keyId, place) => {
      if (act !== 'end') passes()
      return keys.make(algorithm, keyId, place)
    },
    sign: async (keyId, toBeSigned, asked) => {
      if (act !== 'end') passes()
      return keys.sign(keyId, toBeSigned, asked)
    },
    has: (keyId) => keys.has(keyId),
  }
}

const open = () => openTestHouse(directory, { wrapLedger: dyingLedger, wrapKeys: dyingKeys }, words)
const house = act === 'found' ? await acting.run(true, open) : await open()
if (act === 'enrol') await acting.run(true, enrolOne)
if (act === 'revoke') await acting.run(true, revokeOne)
if (act === 'end') await acting.run(true, endMany)
if (act === 'sign') await acting.run(true, signOne)
writeSync(1, `acknowledged after ${step} steps\n`)
await house.stop()

async function enrolOne(): Promise<void> {
  const { serial, code, request } = JSON.parse(Buffer.from(detail, 'base64').toString())
  const outcome = await enrol(
    {
      ...{ protocol: 'est', operation: 'enrol', label: undefined, sourceAddress: '127.0.0.1' },
      request: Uint8Array.fromBase64(request),
      credential: { kind: 'code', user: serial, code },
    },
    house.core,
  )
  if (outcome.kind !== 'issued') throw new Error(JSON.stringify(outcome))
}

async function revokeOne(): Promise<void> {
  const asked = { id: detail, reason: 'superseded', because: 'test' } as const
  const revoked = await revoke(asked, { kind: 'house', id: 'test' }, house.core)
  if (revoked.kind !== 'revoked') throw new Error(JSON.stringify(revoked))
}

async function signOne(): Promise<void> {
  const release = await house.core.ledger.read('release', detail)
  if (release === undefined) throw new Error(`there is no release ${detail}`)
  const by = { kind: 'house', id: 'test' } as const
  const signed = await signRelease(release, undefined, by, await signingPorts(house.core))
  if (signed.kind !== 'signed') throw new Error(JSON.stringify(signed))
}

async function endMany(): Promise<void> {
  const wish = { act: 'end', chosen: { device: detail }, reason: 'superseded' } as const
  const by = { kind: 'house', id: 'test' } as const
  const asked = await askAct({ ...wish, because: 'test' }, by, house.core)
  if (asked.kind !== 'asked') throw new Error(JSON.stringify(asked))
  await carryOut(asked.record.id, house.core)
}
