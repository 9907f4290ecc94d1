// SPDX-License-Identifier: Apache-2.0
/** Whole ceremonies, with people who answer from a list. */
import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { verifyBundle } from '#core/ceremony/verify-bundle.ts'
import { encodeBundle, parseBundle } from '#format/ceremony/bundle.ts'
import { encodeManifest, parseManifest } from '#format/ceremony/manifest.ts'
import { encodePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { formatName } from '#format/x509/name.ts'
import { sha256 } from '#trust/digest.ts'
import { certifyAuthority, makeEntity } from '../../../test/made-certificates.ts'
import {
  bundleBytes,
  foundRoots,
  heldOf,
  openingScript,
  passphrases,
  requestFile,
  type SittingPlace,
  scriptFile,
  sit,
  sittingPlace,
} from '../../../test/support/ceremony.ts'
import type { Held } from './close.ts'

/** One ceremony that is only read, for all who read it. */
const first = await sittingPlace()
const founded = await foundRoots(first)
const foundedBytes = bundleBytes(founded)

async function soundOf(held: Held) {
  const sound = await verifyBundle(bundleBytes(held))
  return sound.kind === 'sound' ? sound : assert.fail(sound.detail)
}

/** A vault of one's own, as the first ceremony left it. */
async function copyOfFirst(): Promise<SittingPlace> {
  const place = await sittingPlace()
  for (const part of ['vault', 'out'])
    cpSync(join(first.directory, part), join(place.directory, part), { recursive: true })
  return place
}

function reasonIn({ outcome }: Awaited<ReturnType<typeof sit>>): string {
  return outcome.kind === 'refused' ? outcome.reason : outcome.kind
}

function refusedIn({ outcome }: Awaited<ReturnType<typeof sit>>) {
  return outcome.kind === 'refused' ? outcome : assert.fail(outcome.kind)
}

test('a ceremony makes roots, certificates and lists, and a bundle that proves itself', async () => {
  const sound = await soundOf(founded)
  assert.deepEqual(
    sound.roots.map(({ name, twinOf, publicKey }) => [name, twinOf, publicKey.algorithm]),
    [
      ['root', undefined, 'p-384'],
      ['root-twin', 'root', 'ml-dsa-87'],
    ],
  )
  assert.deepEqual(
    sound.certificates.map(({ kind, root }) => [kind, root]),
    [
      ['issuing', 'root'],
      ['issuing', 'root-twin'],
    ],
  )
  assert.deepEqual(
    sound.lists.map(({ root, number, crl }) => [root, number, crl.revokedCount]),
    [
      ['root', 1, 0],
      ['root-twin', 1, 0],
    ],
  )
  assert.match(formatName(sound.roots[0]!.certificate.subject), /O=Acme TEST/)
  // Nothing of a key, a share or a passphrase leaves with it.
  const text = new TextDecoder().decode(foundedBytes)
  assert.doesNotMatch(text, /lighthouse|argon2id/)
})

test('the transcript names who confirmed what, and everything that was made', async () => {
  const { entries, script } = await soundOf(founded)
  for (const { step, confirmedBy } of script.steps) {
    const confirmed = entries.filter((one) => one.what === 'confirmed' && one.step === step)
    const expected = script.people.filter(({ role }) => confirmedBy.includes(role))
    assert.equal(confirmed.length, expected.length, step)
  }
  assert.equal(entries.filter(({ what }) => what === 'made').length, 6)
  assert.equal(entries.filter(({ what }) => what === 'given').length, 3)
  // All of it lies in one directory of a test, which is told.
  const checked = entries.find(({ what, step }) => what === 'checked' && step === 'custody')
  assert.deepEqual([checked?.facts.reconstructed, checked?.facts.apart], [true, false])
})

test('a bundle of which one byte was changed is refused by name, wherever it is', async () => {
  const step = Math.max(1, Math.floor(foundedBytes.length / 97))
  for (let at = 0; at < foundedBytes.length; at += step) {
    const changed = foundedBytes.slice()
    changed[at] = (changed[at] ?? 0) ^ 0x01
    const read = await verifyBundle(changed)
    if (read.kind !== 'refused') assert.fail(`byte ${at} may be anything`)
    assert.match(read.reason, /^(?:bundle|transcript)-changed$/, `byte ${at}: ${read.detail}`)
  }
  const whole = await verifyBundle(foundedBytes.slice(0, -1))
  assert.equal(whole.kind === 'refused' && whole.reason, 'bundle-changed')
})

test('a transcript that was rewritten is refused, even with its digest mended in the bundle', async () => {
  const bundle = parseBundle(foundedBytes)
  const parts = bundle.parts.map((part) => {
    if (part.name !== 'transcript') return part
    const text = new TextDecoder().decode(part.bytes).replace('Witness 1', 'Witness 2')
    return { ...part, bytes: new TextEncoder().encode(text) }
  })
  const read = await verifyBundle(encodeBundle({ ...bundle, parts }))
  assert.equal(read.kind === 'refused' && read.reason, 'transcript-changed')
  // With a manifest to match, the roots' signatures are not of it.
  const manifest = parseManifest(bundle.manifest)
  const named = manifest.parts.map((part) => {
    const bytes = parts.find(({ name }) => name === part.name)?.bytes ?? new Uint8Array()
    return { ...part, sha256: sha256(bytes).toHex() }
  })
  const forged = encodeManifest({ ...manifest, parts: named })
  const again = await verifyBundle(encodeBundle({ ...bundle, parts, manifest: forged }))
  assert.equal(again.kind === 'refused' && again.reason, 'bundle-changed')
  assert.match(again.kind === 'refused' ? again.detail : '', /signed is not this manifest/)
})

test('two of three custodians open the vault, whichever two they are', async () => {
  for (const absent of ['Custodian 1', 'Custodian 2', 'Custodian 3']) {
    const place = await copyOfFirst()
    const script = openingScript(place, (document) => {
      document.people.splice(1, 2, ...custodiansBut(absent))
    })
    const held = heldOf(await sit(place, script))
    const sound = await soundOf(held)
    assert.equal(sound.manifest.act, 2)
    assert.deepEqual(
      sound.lists.map(({ number }) => number),
      [2, 2],
    )
    const before = await soundOf(founded)
    assert.equal(sound.manifest.previousSha256, before.manifest.transcriptSha256)
  }
})

function custodiansBut(absent: string) {
  return ['Custodian 1', 'Custodian 2', 'Custodian 3']
    .filter((name) => name !== absent)
    .map((name) => ({ role: 'custodian', name }))
}

test('shares that are too few, wrong, damaged or of another ceremony are refused by name', async () => {
  const other = await sittingPlace()
  await foundRoots(other)
  const damaged = join(first.directory, 'damaged.txt')
  const share = readFileSync(join(first.shares, 'share-2-of-3-set-1.txt'), 'utf8')
  writeFileSync(
    damaged,
    share.replace(/^1 {3}(.)/m, (_, digit) => `1   ${digit === '0' ? '1' : '0'}`),
  )
  const mine = join(first.shares, 'share-1-of-3-set-1.txt')
  const cases = [
    [
      'shares-too-few',
      (who: string) => (who === 'Custodian 2' ? '' : undefined),
      /1 shares that fit/,
    ],
    // The same share twice is one share.
    ['shares-too-few', (who: string) => (who === 'Custodian 2' ? mine : undefined), /share 1/],
    // A line's own check is one byte: of 256 damaged lines one fits it, and the sum tells.
    [
      'share-damaged',
      (who: string) => (who === 'Custodian 2' ? damaged : undefined),
      /line 1 of its body is wrong|its sum is that of another text/,
    ],
    [
      'share-of-another-ceremony',
      (who: string) =>
        who === 'Custodian 2' ? join(other.shares, 'share-2-of-3-set-1.txt') : undefined,
      /is of vault/,
    ],
  ] as const
  for (const [reason, file, detail] of cases) {
    const place = await copyOfFirst()
    const sat = await sit(place, openingScript(place), (who, what) => {
      if (!what.startsWith('file of your share')) {
        return /passphrase/.test(what) && reason === 'shares-too-few' && file(who.name) === mine
          ? passphrases('Custodian 1')
          : undefined
      }
      return file(who.name)
    })
    assert.equal(reasonIn(sat), 'shares-too-few')
    const transcript = readFileSync(join(place.out, 'transcript.jsonl'), 'utf8')
    if (reason !== 'shares-too-few') {
      assert.match(transcript, new RegExp(`"reason":"${reason}"`))
      assert.match(sat.said.join('\n'), detail)
    }
    // The stop, and why, is in the transcript; the vault is as it was.
    assert.match(transcript, /"what":"stopped"/)
    assert.equal(existsSync(join(place.vault, 'bundles', 'act-2.vitalsign')), false)
  }
})

test('an attempt that was stopped or cut off is told by the next act, one that ended is not', async () => {
  const place = await copyOfFirst()
  const few = await sit(place, openingScript(place), (who, what) =>
    who.name === 'Custodian 2' && what.startsWith('file of your share') ? '' : undefined,
  )
  assert.equal(reasonIn(few), 'shares-too-few')
  const cut = sit(place, openingScript(place), (_, what) => {
    if (what.startsWith('lists')) throw new Error('the power failed')
    return undefined
  })
  await assert.rejects(cut, /the power failed/)
  const told = await soundOf(heldOf(await sit(place, openingScript(place))))
  assert.deepEqual(
    told.stopped.map((entries) => [entries.at(-1)?.what, entries.at(-1)?.facts.reason]),
    [
      ['stopped', 'shares-too-few'],
      ['made', undefined],
    ],
  )
  const later = await soundOf(heldOf(await sit(place, openingScript(place))))
  assert.deepEqual([later.stopped, later.entries[0]?.facts.abortedSha256], [[], undefined])
})

test("a custodian's wrong passphrase is refused, and the others are still enough", async () => {
  const place = await copyOfFirst()
  const script = openingScript(place, (document) => {
    document.people.splice(3, 0, { role: 'custodian', name: 'Custodian 3' })
  })
  const sat = await sit(place, script, (who, what) =>
    who.name === 'Custodian 1' && what === 'passphrase of your share' ? 'not the one' : undefined,
  )
  heldOf(sat)
  assert.match(sat.said.join('\n'), /share-wrong: the passphrase does not open share 1/)
})

test('shares that were made anew open the vault, and those of before open nothing', async () => {
  const place = await copyOfFirst()
  const script = openingScript(place, (document) => {
    document.shares = { needed: 2, of: 3, sealed: true }
    document.people.splice(3, 0, { role: 'custodian', name: 'Custodian 3' })
    document.lists = []
    document.steps = document.steps.filter(({ step }: { step: string }) => step !== 'lists')
    document.steps.splice(-1, 0, {
      ...{ step: 'reshare', words: 'the shares are made anew' },
      confirmedBy: ['custodian', 'witness'],
    })
  })
  heldOf(await sit(place, script))
  const old = await sit(place, openingScript(place))
  assert.equal(reasonIn(old), 'shares-too-few')
  assert.match(refusedIn(old).detail, /it is of set 1; the shares were made anew/)
  const anew = await sit(place, openingScript(place), (who, what) =>
    what.startsWith('file of your share')
      ? join(place.shares, `share-${who.name.slice(-1)}-of-3-set-2.txt`)
      : undefined,
  )
  assert.equal((await soundOf(heldOf(anew))).manifest.act, 3)
})

test('a re-sharing that was cut off leaves a vault that one of the two sets opens', async () => {
  const place = await copyOfFirst()
  const script = openingScript(place, (document) => {
    document.shares = { needed: 2, of: 3, sealed: true }
    document.people.splice(3, 0, { role: 'custodian', name: 'Custodian 3' })
    document.lists = []
    document.steps = document.steps.filter(({ step }: { step: string }) => step !== 'lists')
    document.steps.splice(-1, 0, {
      ...{ step: 'reshare', words: 'the shares are made anew' },
      confirmedBy: ['custodian', 'witness'],
    })
  })
  const cut = await sit(place, script, (who, what) =>
    who.role === 'witness' && what.startsWith('reshare') ? 'stop' : undefined,
  )
  assert.equal(reasonIn(cut), 'ceremony-stopped')
  const old = await sit(place, openingScript(place))
  assert.equal(reasonIn(old), 'share-wrong')
  const anew = await sit(place, openingScript(place), (who, what) =>
    what.startsWith('file of your share')
      ? join(place.shares, `share-${who.name.slice(-1)}-of-3-set-2.txt`)
      : undefined,
  )
  assert.equal((await soundOf(heldOf(anew))).manifest.act, 2)
})

test('an opening revokes what the vault issued, and nothing else', async () => {
  const place = await copyOfFirst()
  const [issued] = (await soundOf(founded)).certificates
  const serialNumber = issued?.certificate.serialNumber.toHex() ?? assert.fail()
  const revoking = (number: string) =>
    openingScript(place, (document) => {
      document.lists[0].revoke = [{ serialNumber: number, reason: 'superseded' }]
    })
  const unknown = await sit(place, revoking('00ff'))
  assert.equal(reasonIn(unknown), 'certificate-unknown')
  const sound = await soundOf(heldOf(await sit(place, revoking(serialNumber))))
  const revoked = [...(sound.lists[0]?.crl.revoked ?? [])]
  assert.deepEqual(
    revoked.map((one) => [one.serialNumber.toHex(), one.reason]),
    [[serialNumber, 4]],
  )
  // What was revoked once stays on every list.
  const later = await soundOf(heldOf(await sit(place, openingScript(place))))
  assert.equal(later.lists[0]?.crl.revokedCount, 1)
})

test('an opening lets a root vouch for another root of its name', async () => {
  const place = await copyOfFirst()
  const [old] = (await soundOf(founded)).roots
  const next = { ...(await makeEntity('CN=x', 'p-384')), name: old!.certificate.subject }
  const span = {
    notBefore: Temporal.Now.instant().subtract({ hours: 1 }).round('second'),
    notAfter: Temporal.Instant.from('2060-01-01T00:00:00Z'),
  }
  const other = await certifyAuthority(next, next, [], 1, span)
  writeFileSync(join(place.directory, 'new-root.pem'), encodePem('CERTIFICATE', other.der))
  const script = openingScript(place, (document) => {
    document.links = [{ root: 'root', certificate: 'new-root.pem' }]
    document.steps.splice(-2, 0, {
      ...{ step: 'links', words: 'the other root is compared' },
      confirmedBy: ['administrator', 'witness'],
    })
  })
  const sound = await soundOf(heldOf(await sit(place, script)))
  const link = sound.certificates.find(({ kind }) => kind === 'link')
  assert.deepEqual(link?.certificate.publicKey.der, other.publicKey.der)
})

test('an opening makes the next root of the same name, and both links, in one act', async () => {
  const place = await copyOfFirst()
  const script = openingScript(place, (document) => {
    const confirmedBy = ['administrator', 'witness', 'auditor']
    document.roots = [{ name: 'root-2', algorithm: 'p-384', commonName: 'Device Root CA' }]
    document.links = [
      { root: 'root', certificate: 'root-2' },
      { root: 'root-2', certificate: 'root' },
    ]
    document.lists.push({ root: 'root-2', goodForDays: 365, revoke: [] })
    document.steps.splice(
      -2,
      0,
      ...['roots', 'links'].map((step) => ({ step, words: 'the next root is made', confirmedBy })),
    )
  })
  const sound = await soundOf(heldOf(await sit(place, script)))
  assert.deepEqual(
    sound.certificates.map(({ kind, root }) => [kind, root]),
    [
      ['link', 'root'],
      ['link', 'root-2'],
    ],
  )
  const keyOf = (name: string) =>
    sound.roots.find((one) => one.name === name)?.publicKey.fingerprint
  assert.notDeepEqual(keyOf('root'), keyOf('root-2'))
})

test('whoever types another name, or stop, stops it, and nothing is left that counts', async () => {
  for (const [answer, detail] of [
    ['stop', /Witness 1 stopped it at step roots/],
    ['Auditor 1', /step roots was not confirmed by Witness 1/],
  ] as const) {
    const place = await sittingPlace()
    await requestFile(place, 'issuing-1.csr', 'p-256')
    await requestFile(place, 'issuing-1-twin.csr', 'ml-dsa-65')
    const sat = await sit(place, scriptFile(place), (who, what) =>
      who.role === 'witness' && what.startsWith('roots') ? answer : undefined,
    )
    assert.equal(reasonIn(sat), 'ceremony-stopped')
    assert.match(refusedIn(sat).detail, detail)
    assert.equal(existsSync(join(place.vault, 'vault.json')), false)
    assert.deepEqual(
      readdirSync(place.out).filter((file) => file.endsWith('.vitalsign')),
      [],
    )
    // What is left opens nothing, and is removed only when somebody says so.
    assert.equal(reasonIn(await sit(place, openingScript(place))), 'not-found')
    const keep = await sit(place, scriptFile(place), (_, what) =>
      what.startsWith('what is left') ? 'keep' : undefined,
    )
    assert.equal(reasonIn(keep), 'ceremony-stopped')
    const held = heldOf(await sit(place, scriptFile(place)))
    const { entries } = await soundOf(held)
    assert.equal(typeof entries[0]?.facts.abortedSha256, 'string')
    assert.deepEqual(
      entries.slice(0, 3).map(({ what }) => what),
      ['began', 'noted', 'discarded'],
    )
  }
})

test('initials confirm where they are those of one person alone', async () => {
  const place = await sittingPlace()
  await requestFile(place, 'issuing-1.csr', 'p-256')
  await requestFile(place, 'issuing-1-twin.csr', 'ml-dsa-65')
  const script = scriptFile(place, {}, (document) => {
    document.people[4].name = 'Grace Brewster Hopper'
  })
  heldOf(
    await sit(place, script, (who, what) =>
      who.role === 'witness' && what.includes('type your name') ? 'gbh' : undefined,
    ),
  )
})

test('a network is no obstacle that is passed over in silence', async () => {
  const place = await sittingPlace()
  await requestFile(place, 'issuing-1.csr', 'p-256')
  await requestFile(place, 'issuing-1-twin.csr', 'ml-dsa-65')
  const interfaces = () => ['eth0']
  const no = (_: unknown, what: string) =>
    what.startsWith('this machine has a network') ? 'no' : undefined
  const stopped = await sit(place, scriptFile(place), no, { interfaces })
  assert.equal(reasonIn(stopped), 'ceremony-stopped')
  rmSync(place.vault, { recursive: true })
  const sat = await sit(place, scriptFile(place), undefined, { interfaces })
  const { entries } = await soundOf(heldOf(sat))
  const noted = entries.filter(
    ({ what, facts }) => what === 'noted' && facts.said === 'in spite of it',
  )
  assert.deepEqual(
    noted.flatMap(({ by }) => by.map(({ role }) => role)),
    ['administrator', 'auditor'],
  )
})

test('a machine whose clock stands before the last act opens nothing', async () => {
  const place = await copyOfFirst()
  const clock = { now: () => Temporal.Now.instant().subtract({ hours: 24 }) }
  const sat = await sit(place, openingScript(place), undefined, { clock })
  assert.equal(reasonIn(sat), 'clock-behind')
})

test('a rehearsal says so in every name, and never mixes with what counts', async () => {
  const place = await sittingPlace()
  const held = await foundRoots(place, { rehearsal: true, interfaces: () => ['eth0'] })
  const sound = await soundOf(held)
  assert.deepEqual([sound.manifest.rehearsal, sound.manifest.environment], [true, 'trial'])
  for (const { certificate } of sound.roots) {
    assert.match(formatName(certificate.subject), /O=Acme REHEARSAL/)
    const days = certificate.notBefore.until(certificate.notAfter).total('hours') / 24
    assert.ok(days < 91)
  }
  assert.equal(reasonIn(await sit(place, openingScript(place))), 'environment-wrong')
  const own = await copyOfFirst()
  const mixed = await sit(own, openingScript(own), undefined, { rehearsal: true })
  assert.equal(reasonIn(mixed), 'environment-wrong')
})

test('a request that is wrong is not certified', async () => {
  const place = await sittingPlace()
  await requestFile(place, 'issuing-1-twin.csr', 'ml-dsa-65')
  const cases = [
    ['not-found', () => {}],
    ['subject-differs', () => requestFile(place, 'issuing-1.csr', 'p-256', 'CN=a,OU=b,O=c')],
    ['input-wrong', () => writeFileSync(join(place.directory, 'issuing-1.csr'), 'no request')],
    [
      'possession-not-proved',
      () => {
        const pem = readFileSync(join(place.directory, 'issuing-1-twin.csr'), 'utf8')
        const der = Uint8Array.fromBase64(pem.replaceAll(/-.*-|\n/g, ''))
        der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
        writeFileSync(join(place.directory, 'issuing-1.csr'), der)
      },
    ],
    ['environment-wrong', () => requestFile(place, 'issuing-1.csr', 'p-256', 'CN=a,O=b TRIAL')],
    ['key-algorithm-not-admitted', () => requestFile(place, 'issuing-1.csr', 'rsa-2048')],
  ] as const
  for (const [reason, prepare] of cases) {
    rmSync(place.vault, { recursive: true, force: true })
    await prepare()
    const found = reasonIn(await sit(place, scriptFile(place)))
    const isWeak = reason === 'key-algorithm-not-admitted' && found === 'key-too-weak'
    assert.equal(isWeak ? reason : found, reason)
  }
  await requestFile(place, 'issuing-1.csr', 'p-256')
  rmSync(place.vault, { recursive: true, force: true })
  const digest = scriptFile(place, {}, (document) => {
    document.issue[0].requestSha256 = '00'.repeat(32)
  })
  const sat = await sit(place, digest)
  assert.match(refusedIn(sat).detail, /the script says 0000/)
})

test('a vault is not made where something else lies', async () => {
  const place = await sittingPlace()
  mkdirSync(place.vault)
  writeFileSync(join(place.vault, 'letter'), 'mine')
  assert.equal(reasonIn(await sit(place, scriptFile(place))), 'exists-already')
  const own = await copyOfFirst()
  assert.equal(reasonIn(await sit(own, scriptFile(own))), 'exists-already')
  const path = join(own.vault, 'vault.json')
  writeFileSync(path, readFileSync(path, 'utf8').replace('Acme', 'Acne'))
  assert.equal(reasonIn(await sit(own, openingScript(own))), 'input-wrong')
})

test('a vault whose state was changed, its digest with it, is not used when it is open', async () => {
  const place = await copyOfFirst()
  const path = join(place.vault, 'vault.json')
  const [line = '', seals = ''] = readFileSync(path, 'utf8').split('\n')
  const body = `${line.replaceAll('"lastListNumber":1', '"lastListNumber":7')}\n${seals}\n`
  writeFileSync(path, `${body}${sha256(new TextEncoder().encode(body)).toHex()}\n`)
  const sat = await sit(place, openingScript(place))
  assert.match(refusedIn(sat).detail, /changed by somebody who did not have the shares/)
})

test('roots of a ceremony are known to openssl by the files beside the bundle', () => {
  const pem = readFileSync(join(first.out, 'root.pem'), 'utf8')
  const der = Uint8Array.fromBase64(pem.replaceAll(/-.*-|\n/g, ''))
  assert.equal(sha256(der).toHex(), founded.roots[0]?.sha256)
  assert.equal(parseCertificate(der).issuer.der.toHex(), parseCertificate(der).subject.der.toHex())
})

test('a ceremony that is cut off at any question leaves nothing that counts, and is begun anew', async () => {
  const asked = (await sit(await copyPlace(), scriptFile(first))).asked.length
  for (let at = 1; at < asked; at += Math.ceil(asked / 7)) {
    const place = await copyPlace()
    let count = 0
    const cut = sit(place, scriptFile(place), () => {
      if (count++ === at) throw new Error('the power failed')
      return undefined
    })
    await assert.rejects(cut, /the power failed/)
    assert.equal(existsSync(join(place.vault, 'vault.json')), false)
    heldOf(await sit(place, scriptFile(place)))
  }
})

/** A place with requests and nothing else. */
async function copyPlace(): Promise<SittingPlace> {
  const place = await sittingPlace()
  for (const file of ['issuing-1.csr', 'issuing-1-twin.csr'])
    cpSync(join(first.directory, file), join(place.directory, file))
  return place
}

test('what fails before the vault says so did not happen, what fails after it did', async () => {
  const before = await copyOfFirst()
  // The state of the vault cannot be written: its next name is taken by a directory.
  mkdirSync(join(before.vault, 'vault.json.next'))
  await assert.rejects(sit(before, openingScript(before)), { code: 'store-unreachable' })
  assert.equal(existsSync(join(before.vault, 'bundles', 'act-2.vitalsign')), false)
  rmSync(join(before.vault, 'vault.json.next'), { recursive: true })
  assert.equal((await soundOf(heldOf(await sit(before, openingScript(before))))).manifest.act, 2)

  const after = await copyOfFirst()
  mkdirSync(join(after.out, 'act-2.vitalsign.next'), { recursive: true })
  await assert.rejects(sit(after, openingScript(after)), { code: 'store-unreachable' })
  const kept = new Uint8Array(readFileSync(join(after.vault, 'bundles', 'act-2.vitalsign')))
  assert.equal((await verifyBundle(kept)).kind, 'sound')
  // Between the two: the bundle gets its name when the vault is asked for next, whatever it is asked.
  const named = join(after.vault, 'bundles', 'act-2.vitalsign')
  renameSync(named, `${named}.unsure`)
  assert.equal(reasonIn(await sit(after, scriptFile(after))), 'exists-already')
  assert.deepEqual(new Uint8Array(readFileSync(named)), kept)
  rmSync(join(after.out, 'act-2.vitalsign.next'), { recursive: true })
  assert.equal((await soundOf(heldOf(await sit(after, openingScript(after))))).manifest.act, 3)
})
