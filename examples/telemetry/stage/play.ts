// SPDX-License-Identifier: Apache-2.0
/** What happens, in its order. */
import { join } from 'node:path'
import { Failed } from '../../../demo/programs.ts'
import { say as print, step, table } from '../../../demo/terminal.ts'
import type { Way } from '../say.ts'
import { audit } from './audit.ts'
import type { BrokerProgram } from './broker.ts'
import { type Act, actOf, cutOffAfter } from './end-trust.ts'
import { openScene, type Scene } from './scene.ts'
import { type Heard, Watch, ways } from './watch.ts'

export interface PlayOptions {
  readonly directory: string
  readonly broker: BrokerProgram
  readonly pumps: number
  /** Hears everything that server and pumps say. */
  tell(heard: Heard): void
}

/** What came of it, for who looks closer than the eye. */
export interface Played {
  readonly quarantine: Act
  readonly revocation: Act
}

/** Readings, of each pump each way, by which it has shown that it goes on. */
const enough = 3

/** @throws Failed at the first thing that is not as it should be */
export async function play({ directory, broker, pumps, tell }: PlayOptions): Promise<Played> {
  const watch = new Watch(tell)
  const serials = Array.from({ length: pumps }, (_, at) => `PUMP-${`${at + 1}`.padStart(4, '0')}`)
  const [suspect, stolen] = serials.slice(-2)
  if (suspect === undefined || stolen === undefined || pumps < 3)
    throw new Failed('three pumps at least: one goes on, one comes back, one does not')
  const scene = await openScene(directory, serials, broker, watch)
  await step('the pumps report, over HTTPS and over MQTT', () => watch.untilMore(serials, enough))
  print(`\n${linesOf(serials, watch)}\n`)
  const quarantine = await quarantined(suspect, serials, scene, watch)
  await released(suspect, scene, watch)
  const revocation = await revoked(stolen, serials, scene, watch)
  print(`\n${linesOf(serials, watch)}\n`)
  await audit(quarantine, revocation, scene.installation, join(directory, 'log'))
  await goesOnAlone(serials.slice(0, -1), scene, watch)
  return { quarantine, revocation }
}

function quarantined(
  serial: string,
  serials: readonly string[],
  scene: Scene,
  watch: Watch,
): Promise<Act> {
  return step(`${serial} behaves oddly: it is held back`, async (tell) => {
    const others = portsOf(serials, serial, watch)
    tell(`$ vitalsign device quarantine ${serial}`)
    await scene.installation.told([
      ...['device', 'quarantine', serial, '--reason', 'reports doses that nobody set'],
    ])
    const act = await actOf(serial, scene.installation)
    tell(await cutOffAfter(serial, act, watch))
    await goesOn(others, serials, serial, watch)
    tell('the others kept their connections, and report')
    return act
  })
}

function released(serial: string, scene: Scene, watch: Watch): Promise<void> {
  return step(`${serial} was looked at and is good: it is released`, async (tell) => {
    tell(`$ vitalsign device release ${serial}`)
    await scene.installation.told([
      ...['device', 'release', serial, '--reason', 'a cable was loose'],
    ])
    await watch.untilMore([serial], enough)
    tell('it came back by itself, over both ways, with the identity that it had')
  })
}

function revoked(
  serial: string,
  serials: readonly string[],
  scene: Scene,
  watch: Watch,
): Promise<Act> {
  return step(`${serial} was stolen: its trust ends`, async (tell) => {
    const others = portsOf(serials, serial, watch)
    tell(`$ vitalsign revocation end --device ${serial} --reason keyCompromise`)
    await scene.installation.told([
      ...['revocation', 'end', '--device', serial, '--reason', 'keyCompromise'],
      ...['--because', 'stolen from ward 3'],
    ])
    const act = await actOf(serial, scene.installation)
    tell(await cutOffAfter(serial, act, watch))
    await goesOn(others, serials, serial, watch)
    tell('the others kept their connections, and report')
    tell(await keptOut(serial, serials, watch))
    return act
  })
}

/** A revoked pump tries on and on. @returns what it met, in words @throws Failed if anything of it is heard */
async function keptOut(serial: string, serials: readonly string[], watch: Watch): Promise<string> {
  const heard = () => ways.map((way) => watch.lineOf(serial, way).readings).join(' ')
  const before = heard()
  await watch.untilRefused(serial)
  await watch.untilMore(
    serials.filter((one) => one !== serial),
    enough,
  )
  if (heard() !== before) throw new Failed(`${serial} is heard again`)
  const { refused } = watch.lineOf(serial, 'mqtt')
  const broker =
    refused > 0
      ? 'the broker refuses it, too'
      : 'the broker takes nothing from it and gives it nothing'
  return `it tries to come back: the server refuses it, and ${broker}`
}

/** Nobody can be asked: who is connected goes on, and who comes is let in by the revocation list alone. */
function goesOnAlone(serials: readonly string[], scene: Scene, watch: Watch): Promise<void> {
  return step('meanwhile the installation is down: the pumps go on', async (tell) => {
    await watch.untilMore(serials, enough)
    const [first = ''] = serials
    await scene.restart(first)
    await watch.untilMore([first], enough)
    const { by } = watch.lineOf(first, 'https')
    if (by !== 'list') throw new Failed(`${first} came in by ${by}`)
    tell(`${first} started anew, and came in: nobody could be asked, and no list speaks of it`)
  })
}

type Ports = ReadonlyMap<string, number | undefined>

/** The TCP ports of all but one: the same port is the same connection. */
function portsOf(serials: readonly string[], but: string, watch: Watch): Ports {
  const others = serials.filter((serial) => serial !== but)
  return new Map(
    others.flatMap((serial) =>
      ways.map((way) => [`${serial} ${way}`, watch.lineOf(serial, way).port] as const),
    ),
  )
}

async function goesOn(
  before: Ports,
  serials: readonly string[],
  but: string,
  watch: Watch,
): Promise<void> {
  await watch.untilMore(
    serials.filter((serial) => serial !== but),
    enough,
  )
  for (const [line, port] of portsOf(serials, but, watch))
    if (port === undefined || port !== before.get(line))
      throw new Failed(`${line} was on port ${before.get(line)}, and is on ${port}`)
}

function linesOf(serials: readonly string[], watch: Watch): string {
  const cells = (serial: string, way: Way) => {
    const { port, readings } = watch.lineOf(serial, way)
    return [port === undefined ? 'cut off' : `port ${port}`, `${readings}`]
  }
  return table([
    ['pump', 'https', 'readings', 'mqtt', 'readings'],
    ...serials.map((serial) => [serial, ...ways.flatMap((way) => cells(serial, way))]),
  ])
}
