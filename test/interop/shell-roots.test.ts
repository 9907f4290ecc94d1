// SPDX-License-Identifier: Apache-2.0
/** clients/sh/vitalsign-enrol.sh through a change of roots, with the openssl and curl of this machine. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { keepUp } from '#device/keep-up.ts'
import { openDirectory } from '#device/state/files.ts'
import { readRoots, readSettings } from '#device/state/state.ts'
import { type Certificate, parseCertificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { benchOf, expectDevice, FragileFiles } from '../journeys/support/device-bench.ts'
import {
  type Draft,
  fingerprintOf,
  forLife,
  issue,
  linkTo,
  makeIssuer,
  makeRoot,
  type TestAuthority,
} from '../journeys/support/est-authority.ts'
import { openEstServer, type TestServer } from '../journeys/support/est-server.ts'

const script = 'clients/sh/vitalsign-enrol.sh'
const missing = ['dash', 'openssl', 'curl'].filter(
  (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0,
)
const skip = missing.length === 0 ? false : `peer not installed: ${missing.join(', ')}`
if (skip && process.env.PEERS === 'required') throw new Error(skip)

let server: TestServer
let next: TestAuthority
let offers: Record<'before' | 'during' | 'after', readonly Certificate[]>
let directory: string
before(async () => {
  server = await openEstServer()
  directory = mkdtempSync(join(tmpdir(), 'vitalsign-shell-roots-'))
  const { root, issuer } = server
  next = await makeRoot('test root', 'p-256', server.rules.now.subtract({ minutes: 1 }))
  const nextIssuer = await makeIssuer('next issuer', next)
  const link = await linkTo(next, root)
  const back = await linkTo(root, next)
  const added = [issuer, nextIssuer, next].map(({ certificate }) => certificate)
  offers = {
    before: [root.certificate, issuer.certificate],
    during: [root.certificate, ...added, link, back],
    after: added,
  }
  await server.show(nextIssuer, [link])
})
after(async () => {
  rmSync(directory, { recursive: true })
  await server.close()
})
beforeEach(() => {
  server.rules.offers = offers.before
})

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly error: string
}

function run(words: readonly string[], input = '', path = process.env.PATH): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn('dash', [script, ...words], { detached: true, env: { PATH: path } })
    let [out, error] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (error += text))
    child.on('error', reject).on('close', (status) => resolve({ status, out, error }))
    child.stdin.on('error', () => {}).end(input)
  })
}

async function enrolled(serial: string): Promise<string> {
  expectDevice(server, serial, 'right')
  const state = join(directory, serial)
  const words = ['--server', server.url, '--serial', serial, '--root', server.fingerprint]
  const done = await run(['enrol', ...words, '--state', state], 'right\n')
  assert.equal(done.status, 0, done.error)
  return state
}

/** The fingerprints of what is pinned, as the other client reads it. */
function pinnedIn(state: string): readonly string[] {
  const files = openDirectory(state)
  const settings = readSettings(files) ?? assert.fail('no settings')
  const text = readFileSync(join(state, 'root.pem'), 'utf8')
  const roots = readRoots(files, settings)
  assert.equal(text.split('-----BEGIN CERTIFICATE-----').length - 1, roots.length)
  return roots.map(fingerprintOf)
}

async function renew(state: string, path = process.env.PATH): Promise<Ended> {
  const done = await run(['renew', '--state', state], '', path)
  assert.equal(done.status, 0, done.error)
  return done
}

test('the next root is followed; the old one goes when another alone proved itself', {
  skip,
}, async () => {
  const [old, new_] = [server.fingerprint, fingerprintOf(next.certificate)]
  const state = await enrolled('PUMP-0401')
  assert.deepEqual(pinnedIn(state), [old])
  server.rules.offers = offers.during
  assert.match((await renew(state)).out, new RegExp(`believes the root ${new_} from now on`))
  assert.deepEqual(pinnedIn(state), [old, new_])
  assert.doesNotMatch((await renew(state)).out, /from now on|no more/)
  server.rules.offers = offers.after
  assert.match((await renew(state)).out, new RegExp(`believes the root ${old} no more`))
  assert.deepEqual(pinnedIn(state), [new_])
  // No way back: not by a link, and not by an offer.
  server.rules.offers = offers.during
  assert.doesNotMatch(
    (await renew(state)).out,
    /follows no root|from now on|no more/,
    'and it is no news',
  )
  assert.deepEqual(pinnedIn(state), [new_])
  assert.equal((await run(['show', '--state', state])).status, 0)
  assert.deepEqual(readdirSync(state).toSorted(), ['root.pem', 'settings', 'working.pem'])
})

test('either client goes on where the other stopped, with the roots that it left', {
  skip,
}, async () => {
  const state = await enrolled('PUMP-0402')
  const other = () => ({
    ...benchOf(new FragileFiles(), server.rules.now),
    files: openDirectory(state),
  })
  server.rules.offers = offers.during
  await renew(state)
  const kept = await keepUp(other(), { now: false })
  assert.deepEqual(kept.kind === 'kept' && kept.roots, { followed: [], dropped: [], ignored: [] })
  server.rules.offers = offers.after
  const dropped = await keepUp(other(), { now: true })
  assert.equal(dropped.kind === 'kept' && dropped.roots?.dropped.length, 1)
  assert.deepEqual(pinnedIn(state), [fingerprintOf(next.certificate)])
  await renew(state)
  const again = ['--server', server.url, '--serial', 'PUMP-0402', '--root', server.fingerprint]
  const refused = await run(['enrol', ...again, '--state', state], 'right\n')
  assert.match(refused.error, /enrolled-already/)
})

/** What is forged, and the word for it. */
const forged: Record<string, () => Promise<Certificate>> = {
  'link-identifier-wrong': async () => {
    const stranger = await makeRoot('test root')
    return draftedLink({ ...stranger, certificate: server.root.certificate })
  },
  'signature-wrong': async () => {
    const der = Uint8Array.from((await linkTo(next, server.root)).der)
    der[der.length - 1]! ^= 1
    return parseCertificate(der)
  },
  'link-key-differs': async () => {
    const stranger = await makeRoot('test root')
    return draftedLink(server.root, { publicKey: stranger.keys.publicKey.spki })
  },
  'link-name-differs': async () => {
    const otherName = await makeRoot('other root')
    return draftedLink(server.root, { subject: otherName.certificate.subject })
  },
  'link-of-no-authority': async () => draftedLink(server.root, { extensions: [] }),
  'link-narrower-than-root': async () =>
    draftedLink(server.root, {
      extensions: [
        encodeExtension('basicConstraints', { ca: true, pathLength: 0 }),
        encodeExtension('keyUsage', ['keyCertSign', 'cRLSign']),
      ],
    }),
  'certificate-expired': async () =>
    draftedLink(server.root, { notAfter: server.rules.now.subtract({ hours: 1 }) }),
}

function draftedLink(signer: TestAuthority, change: Partial<Draft> = {}): Promise<Certificate> {
  return issue(signer, {
    subject: next.certificate.subject,
    publicKey: next.keys.publicKey.spki,
    ...{ notBefore: next.certificate.notBefore, notAfter: forLife },
    extensions: [
      encodeExtension('basicConstraints', { ca: true }),
      encodeExtension('keyUsage', ['keyCertSign', 'cRLSign']),
    ],
    ...change,
  })
}

test('a forged link is ignored, and named', { skip }, async () => {
  const state = await enrolled('PUMP-0403')
  for (const [word, make] of Object.entries(forged)) {
    server.rules.offers = [...offers.before, next.certificate, await make()]
    const { out } = await renew(state)
    // One of another name is no link to a root of this one: it is not looked at.
    const said = word === 'link-name-differs' ? undefined : word
    assert.equal(/follows no root: (\S+)/.exec(out)?.[1], said, word)
    assert.deepEqual(pinnedIn(state), [server.fingerprint], word)
  }
})

test('an issuing authority cannot make itself a root', { skip }, async () => {
  const state = await enrolled('PUMP-0404')
  const { issuer } = server
  const itself = await issue(issuer, {
    ...{ subject: issuer.certificate.subject, publicKey: issuer.keys.publicKey.spki },
    ...{ notBefore: server.rules.now, notAfter: forLife },
    extensions: [
      encodeExtension('basicConstraints', { ca: true }),
      encodeExtension('keyUsage', ['keyCertSign', 'cRLSign']),
    ],
  })
  server.rules.offers = [...offers.before, itself]
  await renew(state)
  assert.deepEqual(pinnedIn(state), [server.fingerprint])
})

test('killed before every rename, the roots are the old ones or the new ones, and the next run heals', {
  skip,
}, async () => {
  const [shims, left] = [join(directory, 'shims'), join(directory, 'steps-left')]
  makeShim(shims, left)
  const path = `${shims}:${process.env.PATH}`
  const both = [server.fingerprint, fingerprintOf(next.certificate)]
  for (const [serial, from, to, roots] of [
    ['PUMP-0405', 'before', 'during', both],
    ['PUMP-0406', 'during', 'after', both.slice(1)],
  ] as const) {
    server.rules.offers = offers[from]
    const beginning = await enrolled(serial)
    server.rules.offers = offers[to]
    for (let steps = 0; ; steps++) {
      const state = `${beginning}-${steps}`
      cpSync(beginning, state, { recursive: true })
      writeFileSync(left, `${steps}`)
      const cut = await run(['renew', '--state', state], '', path)
      const healed = await renew(state)
      assert.deepEqual(pinnedIn(state), roots, `${healed.out}${healed.error}, step ${steps}`)
      if (cut.status !== 0) continue
      assert.ok(steps > 1, `only ${steps} steps`)
      break
    }
  }
})

/** An mv that kills the whole script when no steps are left. */
function makeShim(shims: string, left: string) {
  mkdirSync(shims)
  const real = String(spawnSync('sh', ['-c', 'command -v mv']).stdout).trim()
  const text = `#!/bin/sh\nread -r n <'${left}'\n[ "$n" -gt 0 ] || kill -9 0\necho $((n - 1)) >'${left}'\nexec ${real} "$@"\n`
  writeFileSync(join(shims, 'mv'), text, { mode: 0o755 })
}
