// SPDX-License-Identifier: Apache-2.0
/** HAProxy before two nodes, as docs/guides/grow.md writes it: they are started again and no request fails. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { demandWhole, Fleet } from '../journeys/support/fleet.ts'
import {
  nodeDirectory,
  openTestHouse,
  sharedWords,
  type TestHouse,
  temporaryDirectory,
} from '../support/house.ts'
import { postgresPlace, withoutPostgres } from '../support/postgres.ts'

const isThere = spawnSync('haproxy', ['-v']).error === undefined
const needed = isThere || process.env['PEERS'] === 'required' ? false : 'haproxy is missing'
const guide = new URL('../../docs/guides/grow.md', import.meta.url)

test('behind the balancer of the guide nodes are started again one after the other, and no request fails', {
  skip: needed || withoutPostgres,
  timeout: 120_000,
}, async () => {
  const place = await postgresPlace()
  const [directories, listen] = [[nodeDirectory(), nodeDirectory()], await freePorts(4)]
  // Each keeps its ports, as the balancer's configuration does.
  const open = (at: 0 | 1) =>
    openTestHouse(directories[at], {}, [
      ...[...sharedWords(place.url), '--drain', '3'],
      ...['--listen', `127.0.0.1:${listen[at]}`, '--status-listen', `127.0.0.1:${listen[at + 2]}`],
    ])
  const nodes: TestHouse[] = [await open(0), await open(1)]
  const [first] = nodes as [TestHouse, TestHouse]
  const [devices, status] = (await freePorts(2)) as [number, number]
  const haproxy = await balance(nodes, devices, status)
  const fleet = new Fleet(first)
  try {
    fleet.serves('balancer', { host: '127.0.0.1', port: devices })
    fleet.forgives = 'nothing'
    await fleet.begin(first)
    await fleet.more(40)
    for (const at of [0, 1] as const) {
      const serving = fleet.more(20)
      await nodes[at]?.stop()
      await serving
      await fleet.more(20)
      nodes[at] = await open(at)
      await isUp(status, at === 0 ? 'one' : 'two')
    }
    await fleet.more(40)
    await fleet.end()
    await demandWhole(nodes[0] ?? first, fleet)
    const list = await fetch(`http://127.0.0.1:${status}/crl/issuing-1.crl`)
    assert.equal(list.status, 200)
  } finally {
    await fleet.end().catch(() => {}) // told above already
    haproxy.kill()
    await Promise.all(nodes.map((node) => node.stop().catch(() => {})))
    await place.remove()
  }

  /** Resolves once the balancer gives the node requests again. */
  async function isUp(port: number, name: string): Promise<void> {
    for (;;) {
      const page = await (await fetch(`http://127.0.0.1:${port}/balancer;csv`)).text()
      const lines = page.split('\n').filter((line) => line.includes(`,${name},`))
      if (lines.length === 2 && lines.every((line) => line.includes(',UP,'))) return
    }
  }
})

/** Starts HAProxy on the guide's own lines, with the addresses of this machine and a quicker look. */
async function balance(nodes: readonly TestHouse[], devices: number, status: number) {
  const [, lines = ''] = /With HAProxy:\n\n```\n(.*?)```/s.exec(readFileSync(guide, 'utf8')) ?? []
  const replaced = [
    [':8443\n', `127.0.0.1:${devices}\n`],
    [':80\n', `127.0.0.1:${status}\n  stats enable\n  stats uri /balancer\n`],
    ...nodes.flatMap(({ addresses }, at) => [
      [
        `10.0.0.${at + 1}:8443 check port 8080`,
        `127.0.0.1:${addresses.devices.port} check port ${addresses.status.port}`,
      ],
      [`10.0.0.${at + 1}:8080`, `127.0.0.1:${addresses.status.port}`],
    ]),
  ] as const
  const text = replaced.reduce((before, [from = '', to = '']) => {
    assert.ok(before.includes(from), `the guide has no ${from}`)
    return before.replace(from, to)
  }, lines)
  const file = join(temporaryDirectory(), 'haproxy.cfg')
  // Both nodes share this process, which a start holds up for a moment: not for three looks of this pace.
  writeFileSync(file, text.replaceAll('inter 2s', 'inter 500ms'))
  const haproxy: ChildProcess = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' })
  await Promise.race([
    once(haproxy, 'exit').then(([code]) => assert.fail(`haproxy ended: ${code}`)),
    answers(`http://127.0.0.1:${status}/readyz`),
  ])
  return haproxy
}

async function answers(url: string): Promise<void> {
  while (!(await fetch(url).catch(() => undefined))?.ok);
}

/** Ports that nobody has now. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
