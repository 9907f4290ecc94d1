// SPDX-License-Identifier: Apache-2.0
/**
 * A process that commits numbered changes and acknowledges each on standard output, as a server
 * would answer: `numbered-changes.ts DIRECTORY|URL COUNT AT-ONCE SYNCHRONOUS [STEP NUMBER]`.
 *
 * With a step (asked, sent, committed, acknowledged) it is killed right after that step of that change.
 */
import { writeSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { systemRandomness } from '#edge/chance/system-randomness.ts'
import { systemClock } from '#edge/clock/system-clock.ts'
import { openStore } from '#edge/store/open-store.ts'
import { openPostgresStore } from '#edge/store/postgres/open-postgres.ts'
import { numberedChange } from './changes.ts'

const [place = '', count, atOnce, synchronous, fatalStep, fatalNumber] = process.argv.slice(2)
const ports = { clock: systemClock, random: systemRandomness }
const store = place.startsWith('postgres:')
  ? await openPostgresStore({ url: place }, ports)
  : await openStore(place, ports, {
      synchronous: synchronous === 'OFF' ? 'OFF' : 'FULL',
      walPages: 150, // so that pages move into the database several times
    })
let next = 1
await Promise.all(Array.from({ length: Number(atOnce) }, commitSome))
await store.close()

async function commitSome() {
  while (next <= Number(count)) {
    const number = next++
    const committed = store.ledger.commit(numberedChange(ports, number))
    step('asked', number)
    if (fatalStep === 'sent') {
      await turn() // a turn of the event loop sends what was asked for to the book thread
      step('sent', number)
    }
    const { kind } = await committed
    if (kind !== 'committed') throw new Error(`change ${number} met a conflict`)
    step('committed', number)
    writeSync(1, `acknowledged ${number}\n`)
    step('acknowledged', number)
  }
}

function step(name: string, number: number) {
  if (name === fatalStep && number === Number(fatalNumber)) process.kill(process.pid, 'SIGKILL')
}
