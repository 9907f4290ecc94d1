// SPDX-License-Identifier: Apache-2.0
/**
 * Power is cut before every single step on the disk, and every answer is lost once. Whatever the moment:
 * an identity that the server accepts is left, and the next run ends where an undisturbed one would.
 */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { lineOf, readBond } from '#device/bond.ts'
import { enrol } from '#device/enrol.ts'
import { heal } from '#device/heal.ts'
import { keepUp } from '#device/keep-up.ts'
import { prove } from '#device/settle.ts'
import { fileOf, readCredential } from '#device/state/state.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import {
  benchOf,
  enrolledBench,
  enrolmentAt,
  expectDevice,
  FragileFiles,
  PowerCut,
} from './support/device-bench.ts'
import { linkTo, makeIssuer, makeRoot } from './support/est-authority.ts'
import { openEstServer, type TestServer } from './support/est-server.ts'

let server: TestServer
let start: Temporal.Instant
/** What the server offers of authorities, before, during and after a change of its root. */
let offers: Record<'before' | 'during' | 'after', readonly Certificate[]>
before(async () => {
  server = await openEstServer({ serverUntil: Temporal.Instant.from('2035-01-01T00:00:00Z') })
  start = server.rules.now
  const { root, issuer } = server
  const nextRoot = await makeRoot('test root', 'p-256', start)
  const nextIssuer = await makeIssuer('next issuer', nextRoot)
  const link = await linkTo(nextRoot, root)
  const all = [issuer, nextIssuer, nextRoot].map(({ certificate }) => certificate)
  offers = {
    before: [root.certificate, issuer.certificate],
    during: [root.certificate, ...all, link],
    after: [...all],
  }
  // By its new issuer from the first moment on: who holds the old root alone finds the way by the link.
  await server.show(nextIssuer, [link])
})
after(() => server.close())
beforeEach(() => {
  server.rules.now = start
  server.rules.offers = offers.before
  server.rules.loses = () => false
})

type Disk = ReadonlyMap<string, Uint8Array>

/** Something a device does that changes its disk. */
interface Deed {
  readonly name: string
  /** The disk and the server before it. */
  prepare(serial: string): Promise<Disk>
  act(files: FragileFiles, serial: string): Promise<unknown>
  /** Whether an identity was in use before, and so has to be at every moment. */
  readonly hadOne: boolean
  /** The names on the disk when all is done. */
  readonly leaves: readonly string[]
  /** How many roots are pinned when all is done; absent: the one of the beginning. */
  readonly roots?: number
  /** How many steps on the disk it takes at least; absent: 9. */
  readonly steps?: number
  /** How many questions it asks at least; absent: 3. */
  readonly asks?: number
}

const plain = ['root.pem', 'settings', 'working.pem']
const withBirth = ['birth.pem', ...plain]

const deeds: readonly Deed[] = [
  {
    name: 'enrolling with a code',
    hadOne: false,
    leaves: plain,
    async prepare(serial) {
      expectDevice(server, serial, 'right')
      return new Map()
    },
    act: (files, serial) => enrol(bench(files), enrolmentAt(server, serial)),
  },
  {
    name: 'enrolling with a code through birth',
    hadOne: false,
    leaves: withBirth,
    async prepare(serial) {
      expectDevice(server, serial, 'right')
      return new Map()
    },
    act: (files, serial) => enrol(bench(files), enrolmentAt(server, serial, { birth: true })),
  },
  {
    name: 'renewing',
    hadOne: true,
    leaves: plain,
    async prepare(serial) {
      const { files } = await enrolledBench(server, serial)
      server.rules.now = start.add({ hours: 24 * 70 })
      return files.after('all')
    },
    act: (files) => keepUp(bench(files), { now: false }),
  },
  {
    name: 'coming back through birth',
    hadOne: false,
    leaves: withBirth,
    async prepare(serial) {
      const { files } = await enrolledBench(server, serial, { birth: true })
      server.rules.now = start.add({ hours: 24 * 100 })
      return files.after('all')
    },
    act: (files) => keepUp(bench(files), { now: false }),
  },
  {
    name: 'following the next root',
    hadOne: true,
    ...{ leaves: plain, roots: 2, steps: 7, asks: 2 },
    async prepare(serial) {
      server.rules.offers = offers.before
      const { files } = await enrolledBench(server, serial)
      server.rules.offers = offers.during
      return files.after('all')
    },
    act: (files) => keepUp(bench(files), { now: false }),
  },
  {
    name: 'dropping the old root',
    hadOne: true,
    ...{ leaves: plain, roots: 1, steps: 7 },
    async prepare(serial) {
      server.rules.offers = offers.during
      const { files } = await enrolledBench(server, serial)
      server.rules.offers = offers.after
      return files.after('all')
    },
    act: (files) => keepUp(bench(files), { now: false }),
  },
]

const bench = (files: FragileFiles) => benchOf(files, server.rules.now)

/** Whether the server accepts what is in use, or what waits to prove itself. */
async function isAccepted(disk: Disk, serial: string): Promise<boolean> {
  const files = new FragileFiles(disk)
  heal(files)
  const bond = readBond(files)
  if (bond === undefined) return false
  for (const name of [fileOf.inUse('working'), fileOf.next('working')]) {
    const credential = readCredential(files, name)
    if (credential === undefined) continue
    const answer = await prove(credential, serial, lineOf(bench(files), bond))
    if (answer.kind === 'known') return true
  }
  return false
}

/** The next run, undisturbed. An enrolment that was done already says so. */
async function finish(deed: Deed, disk: Disk, serial: string): Promise<Disk> {
  const files = new FragileFiles(disk)
  const outcome = await deed.act(files, serial)
  assert.ok(isDone(outcome), JSON.stringify(outcome))
  return files.after('none')
}

/** How many roots are pinned; the file holds those and no others. */
function rootsOf(disk: Disk): number | undefined {
  const files = new FragileFiles(disk)
  const roots = readBond(files)?.roots.length
  const text = new TextDecoder().decode(files.read(fileOf.root))
  assert.equal(text.split('-----BEGIN CERTIFICATE-----').length - 1, roots)
  return roots
}

function isDone(outcome: unknown): boolean {
  const { kind, reason } = outcome as { kind?: string; reason?: string }
  return kind === 'proved' || kind === 'kept' || reason === 'enrolled-already'
}

for (const deed of deeds) {
  for (const survivors of ['all', 'none'] as const) {
    test(`${deed.name}: power may fail at every step (unsynced steps: ${survivors})`, async () => {
      for (let steps = 0; ; steps++) {
        server.rules.now = start
        const serial = `${deed.name.replaceAll(' ', '-')}-${survivors}-${steps}`
        const files = new FragileFiles(await deed.prepare(serial), steps)
        const outcome = await deed.act(files, serial).catch((error: unknown) => error)
        const isCut = outcome instanceof PowerCut
        const disk = files.after(survivors)
        if (deed.hadOne) assert.ok(await isAccepted(disk, serial), `cut before step ${steps}`)
        const healed = await finish(deed, disk, serial)
        assert.ok(await isAccepted(healed, serial), `healed after step ${steps}`)
        assert.deepEqual([...healed.keys()].toSorted(), deed.leaves, `healed after step ${steps}`)
        assert.equal(rootsOf(healed), deed.roots ?? 1, `healed after step ${steps}`)
        if (isCut) continue
        assert.ok(isDone(outcome), JSON.stringify(outcome))
        assert.ok(steps >= (deed.steps ?? 9), `only ${steps} steps`)
        break
      }
    })
  }

  test(`${deed.name}: every answer may be lost, after all was done for it`, async () => {
    for (let lost = 0; ; lost++) {
      server.rules.now = start
      const serial = `${deed.name.replaceAll(' ', '-')}-lost-${lost}`
      const files = new FragileFiles(await deed.prepare(serial))
      let asked = 0
      server.rules.loses = () => asked++ === lost
      const outcome = await deed.act(files, serial).catch((error: unknown) => error)
      server.rules.loses = () => false
      const disk = files.after('none')
      if (deed.hadOne) assert.ok(await isAccepted(disk, serial), `answer ${lost} lost`)
      const healed = await finish(deed, disk, serial)
      assert.ok(await isAccepted(healed, serial), `healed after answer ${lost}`)
      assert.deepEqual([...healed.keys()].toSorted(), deed.leaves)
      if (asked <= lost) {
        assert.ok(isDone(outcome) && lost >= (deed.asks ?? 3))
        break
      }
    }
  })
}
