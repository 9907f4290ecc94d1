// SPDX-License-Identifier: Apache-2.0
import type { Refused } from '#core/refusal.ts'
import { refuse } from '#trust/refusal.ts'
import { aloud, demand, type Sitting } from '../sitting.ts'

/** What the machine can say of itself: network, clock, program, chance. */
export async function checkMachine(sitting: Sitting): Promise<Refused | undefined> {
  const { table, minutes, program, clock, random, interfaces, rehearsal } = sitting
  const network = interfaces()
  const draws = [random.bytes(32).toHex(), random.bytes(32).toHex()]
  const facts = {
    network: network.join(', ') || 'none',
    clock: clock.now().toString({ fractionalSecondDigits: 3 }),
    program: program.version,
    programSha256: program.digest,
    runtime: `Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`,
    chance: draws[0] !== draws[1] ? 'two draws differ' : 'two draws are the same',
  }
  await table.say([
    `network     ${network.length === 0 ? 'no interface has an address' : `up: ${network.join(', ')}`}`,
    `clock       ${facts.clock}`,
    `program     ${program.version}, ${facts.runtime}`,
    `            SHA-256 over its files:`,
    ...aloud(program.digest).map((line) => `            ${line}`),
    `chance      ${facts.chance}`,
  ])
  await minutes.note('machine', 'checked', facts)
  const { lastHeldAt } = sitting.vault
  if (lastHeldAt > facts.clock) {
    return refuse(
      'clock-behind',
      `the clock says ${facts.clock}, the last act of this vault was at ${lastHeldAt}: set it`,
    )
  }
  if (network.length === 0 || rehearsal) return undefined
  const what = `this machine has a network (${network.join(', ')})`
  const question = { step: 'machine', what, answer: 'in spite of it' }
  return (await demand(sitting, 'administrator', question)) ?? demand(sitting, 'auditor', question)
}

/** The script as the machine read it, to be compared with the copies on paper. */
export async function showScript({ table, scriptSha256, script, minutes }: Sitting) {
  await table.say([
    `script      ${script.title}`,
    `            for ${script.environment}, maker ${script.maker}, addresses below ${script.publicUrl}`,
    '            SHA-256:',
    ...aloud(scriptSha256).map((line) => `            ${line}`),
    'people',
    ...script.people.map(({ role, name }) => `            ${role.padEnd(14)} ${name}`),
  ])
  await minutes.note('script', 'checked', { scriptSha256 })
  return undefined
}
