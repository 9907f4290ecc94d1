// SPDX-License-Identifier: Apache-2.0
/** Time-stamps, with OpenSSL as who asks and checks, and as who stamps. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { stampPolicy } from '#core/time-stamps/stamp-desk.ts'
import { keyPurposes } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import { parseTimeStampResponse } from '#format/time-stamp/response.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { encodeExtension } from '#format/x509/extension.ts'
import { openStampSource } from '#house/time-stamps.ts'
import { encodePrivateKey, generateKey } from '#trust/private-key.ts'
import { verifyTimeStamp } from '#trust/time-stamp/verify-time-stamp.ts'
import { certify, certifyAuthority, makeEntity } from '../made-certificates.ts'
import { openTestHouse, rootPem, type TestHouse, temporaryDirectory } from '../support/house.ts'
import { runHere } from '../support/in-process.ts'

const skip =
  spawnSync('openssl', ['version']).error === undefined || process.env.PEERS === 'required'
    ? false
    : 'openssl is missing'

let house: TestHouse
before(async () => {
  house = await openTestHouse()
})
after(async () => {
  await house.stop()
  assert.deepEqual(house.troubles, [])
})

const place = temporaryDirectory()
const at = (name: string) => join(place, name)
const signature = new TextEncoder().encode('a signature, as far as a time-stamp is concerned')
writeFileSync(at('signature'), signature)

function openssl(...words: string[]): string {
  return execFileSync('openssl', words, { stdio: 'pipe', encoding: 'utf8' })
}

async function asked(query: Uint8Array, type = 'application/timestamp-query') {
  const { host, port } = house.addresses.status
  const answer = await fetch(`http://${host}:${port}/tsa`, {
    ...{ method: 'POST', headers: { 'content-type': type } },
    body: Uint8Array.from(query),
  })
  assert.deepEqual(
    [answer.status, answer.headers.get('content-type')],
    [200, 'application/timestamp-reply'],
  )
  return new Uint8Array(await answer.arrayBuffer())
}

for (const digest of ['sha256', 'sha384', 'sha512'])
  test(`OpenSSL asks by ${digest} and believes our answer`, { skip }, async () => {
    writeFileSync(at('root.pem'), rootPem(house))
    openssl('ts', '-query', '-data', at('signature'), `-${digest}`, '-cert', '-out', at('q'))
    const reply = await asked(readFileSync(at('q')))
    writeFileSync(at('r'), reply)
    const told = openssl(
      'ts',
      '-verify',
      '-queryfile',
      at('q'),
      '-in',
      at('r'),
      '-CAfile',
      at('root.pem'),
    )
    assert.match(told, /Verification: OK/)
    assert.match(openssl('ts', '-reply', '-in', at('r'), '-text'), /Status: Granted/)
    const token = tokenIn(reply)
    const proved = await verifyTimeStamp({ token, over: signature, roots: roots(), others: [] })
    assert.equal(proved.kind, 'stamped', 'detail' in proved ? proved.detail : '')
  })

test('without -cert no certificate stands in the token, and it is believed with those at hand', {
  skip,
}, async () => {
  openssl('ts', '-query', '-data', at('signature'), '-sha256', '-cert', '-out', at('q'))
  const full = tokenIn(await asked(readFileSync(at('q'))))
  openssl('ts', '-query', '-data', at('signature'), '-sha256', '-no_nonce', '-out', at('q'))
  const token = tokenIn(await asked(readFileSync(at('q'))))
  assert.ok(token.length < full.length)
  const question = { token, over: signature, roots: roots() }
  const alone = await verifyTimeStamp({ ...question, others: [] })
  assert.equal(alone.kind === 'refused' && alone.reason, 'artefact-stamp-wrong')
  const stamped = await verifyTimeStamp({
    token: full,
    over: signature,
    roots: roots(),
    others: [],
  })
  assert.ok(stamped.kind === 'stamped')
  const issuers = house.core.doors.own.map(({ certificate }) => parseCertificate(certificate))
  const others = [stamped.certificate, ...issuers]
  assert.equal((await verifyTimeStamp({ ...question, others })).kind, 'stamped')
})

test('what cannot be stamped is told in the words of the protocol', { skip }, async () => {
  const cases = [
    [['-sha1'], 'badAlg'],
    [['-sha256', '-tspolicy', '1.2.3.4.1'], 'unacceptedPolicy'],
    [['-sha256', '-tspolicy', stampPolicy], undefined],
  ] as const
  for (const [words, failure] of cases) {
    openssl('ts', '-query', '-data', at('signature'), ...words, '-out', at('q'))
    const answer = parseTimeStampResponse(await asked(readFileSync(at('q'))))
    assert.equal(answer.kind === 'rejected' ? answer.failure : undefined, failure)
  }
  const query = readFileSync(at('q'))
  for (const [bytes, type] of [
    [query.subarray(0, -1), 'application/timestamp-query'],
    [query.subarray(1), 'application/timestamp-query'],
    [query, 'text/plain'],
  ] as const) {
    const answer = parseTimeStampResponse(await asked(bytes, type))
    assert.equal(answer.kind === 'rejected' && answer.failure, 'badDataFormat')
  }
})

test('a house has its releases stamped by another, and by nobody that its roots do not know', {
  skip,
}, async () => {
  const { host, port } = house.addresses.status
  writeFileSync(at('root.pem'), rootPem(house))
  const other = await certifyAuthority(await makeEntity('CN=Other root'))
  writeFileSync(at('other.pem'), encodePem('CERTIFICATE', other.der))
  const words = ['--time-stamps-from', `http://${host}:${port}/tsa`, '--time-stamp-roots']
  const asking = await openTestHouse(undefined, {}, [...words, at('root.pem')])
  try {
    const stamped = await asking.core.stamps.stamp(signature)
    assert.ok(stamped.kind === 'stamped', 'detail' in stamped ? stamped.detail : '')
    const question = { token: stamped.token, over: signature, roots: roots(), others: [] }
    assert.equal((await verifyTimeStamp(question)).kind, 'stamped')
    const source = (path: string, file: string, fast = 0) =>
      openStampSource(
        { timeStamps: { url: new URL(`http://${host}:${port}${path}`), rootsFile: at(file) } },
        asking.core.timeStamps,
        asking.core.random,
        { now: () => Temporal.Now.instant().add({ minutes: fast }) },
      )
    for (const [path, file, why] of [
      ['/tsa', 'other.pem', /gave no time-stamp/],
      ['/healthz', 'root.pem', /status/],
    ] as const) {
      const refused = await source(path, file).stamp(signature)
      assert.ok(refused.kind === 'refused')
      assert.equal(refused.reason, 'stamper-missing')
      assert.match(refused.detail, why)
    }
    // Whose clock is an hour off is not known, and no signature is to be older or younger than it is.
    for (const fast of [60, -60]) {
      const off = await source('/tsa', 'root.pem', fast).stamp(signature)
      assert.match(off.kind === 'refused' ? off.detail : '', /its clock says .*, ours /)
    }
    assert.equal((await source('/tsa', 'root.pem', 5).stamp(signature)).kind, 'stamped')
    for (const file of ['signature', 'missing'])
      assert.throws(() => source('/tsa', file), { code: 'configuration-wrong' })
  } finally {
    await asking.stop()
  }
})

test('what is signed at the command line carries a time-stamp of who was named, or is not written', {
  skip,
}, async () => {
  const { host, port } = house.addresses.status
  writeFileSync(at('root.pem'), rootPem(house))
  const { privateKey, publicKey } = await generateKey('p-256')
  writeFileSync(at('f.key'), encodePem('PRIVATE KEY', encodePrivateKey(privateKey)))
  writeFileSync(at('f.pub'), encodePem('PUBLIC KEY', publicKey.spki))
  writeFileSync(at('f.bin'), new Uint8Array(500))
  const sign = (form: string, out: string, url: string, ...more: string[]) =>
    runHere([
      ...['firmware', 'sign', at('f.bin'), '--form', form, '--key', at('f.key'), ...more],
      ...['--out', at(out), '--time-stamps-from', url, '--time-stamp-roots', at('root.pem')],
    ])
  const suit = [
    '--sequence-number',
    '7',
    '--vendor',
    'acme.example',
    '--class',
    'pump',
    '--integrated',
  ]
  const url = `http://${host}:${port}/tsa`
  const done = await sign('suit', 'f.suit', url, ...suit)
  assert.equal(done.status, 0, done.error)
  const verify = ['firmware', 'verify', at('f.suit'), '--beside', at('f.bin'), '--key', at('f.pub')]
  const verified = await runHere([...verify, '--json', '--stamp-roots', at('root.pem')])
  assert.match(verified.out, /"stampedAt": ?"20/)
  const away = await sign('suit', 'never', `http://${host}:${port}/healthz`, ...suit)
  assert.deepEqual([away.status, /gave no time-stamp/.test(away.error)], [1, true], away.error)
  const none = await sign('raw', 'f.raw', url)
  assert.deepEqual([none.status, /carries no time-stamp/.test(none.error)], [2, true], none.error)
  for (const name of ['never', 'f.raw']) assert.ok(!existsSync(at(name)), name)
})

function tokenIn(reply: Uint8Array): Uint8Array {
  const answer = parseTimeStampResponse(reply)
  return answer.kind === 'granted' ? answer.token : assert.fail(answer.text)
}

function roots() {
  return house.core.doors.own
    .filter(({ kind }) => kind === 'root')
    .map(({ certificate }) => parseCertificate(certificate))
}

/** A token that OpenSSL stamps, and the root above. */
async function stampedByOpenssl() {
  const [root, stamper] = await Promise.all([makeEntity('CN=Stamp root'), makeEntity('CN=Stamper')])
  const now = Temporal.Now.instant().round('second')
  const life = { notBefore: now.subtract({ hours: 1 }), notAfter: now.add({ hours: 1 }) }
  const anchor = await certifyAuthority(root, root, [], undefined, life)
  const extensions = [
    encodeExtension('keyUsage', ['digitalSignature']),
    encodeExtension('extKeyUsage', [keyPurposes.timeStamping], true),
  ]
  const certificate = await certify(stamper, root, { extensions, ...life })
  writeFileSync(at('tsa.pem'), encodePem('CERTIFICATE', certificate.der))
  writeFileSync(at('tsa.key'), encodePem('PRIVATE KEY', encodePrivateKey(stamper.pair.privateKey)))
  writeFileSync(at('serial'), '01\n')
  writeFileSync(
    at('tsa.conf'),
    `[tsa]\ndefault_tsa = one\n[one]\nserial = ${at('serial')}\nsigner_digest = sha256\n` +
      'default_policy = 1.2.3.4.1\ndigests = sha256, sha512\naccuracy = secs:1, millisecs:500\ness_cert_id_alg = sha256\n' +
      `signer_cert = ${at('tsa.pem')}\nsigner_key = ${at('tsa.key')}\n`,
  )
  openssl('ts', '-query', '-data', at('signature'), '-sha512', '-cert', '-out', at('q'))
  openssl(
    ...['ts', '-reply', '-config', at('tsa.conf'), '-section', 'one', '-queryfile', at('q')],
    ...['-out', at('r')],
  )
  return { token: tokenIn(new Uint8Array(readFileSync(at('r')))), anchor }
}

test("OpenSSL's time-stamp is believed, and nothing that is bent in it", { skip }, async () => {
  const { token, anchor } = await stampedByOpenssl()
  const question = { token, over: signature, roots: [anchor], others: [] }
  const proved = await verifyTimeStamp(question)
  assert.equal(proved.kind, 'stamped', 'detail' in proved ? proved.detail : '')
  const wrong = [
    { ...question, over: signature.subarray(1) },
    { ...question, roots: roots() },
    { ...question, roots: [] },
    { ...question, token: token.subarray(0, -1) },
    { ...question, token: new Uint8Array() },
    ...bentAt(token, 'the imprint', [0x04, 0x40]),
    ...bentAt(token, 'the time', [0x18, 0x0f]),
    ...bentAt(token, 'the named certificate', [0x04, 0x20]),
  ]
  for (const one of wrong) {
    const verdict = await verifyTimeStamp({ ...question, ...one })
    assert.equal(verdict.kind === 'refused' && verdict.reason, 'artefact-stamp-wrong')
  }
  // Whatever one octet becomes, it is refused, or what it says is what was said.
  for (let index = 0; index < token.length; index += 7) {
    const bent = token.slice()
    bent[index] = (bent[index] ?? 0) ^ 0x55
    const verdict = await verifyTimeStamp({ ...question, token: bent })
    if (verdict.kind === 'stamped' && proved.kind === 'stamped')
      assert.equal(`${verdict.at}`, `${proved.at}`)
  }
})

/** One octet of the content of the first value with this tag and length. */
function bentAt(token: Uint8Array, what: string, head: readonly [number, number]) {
  const start = token.findIndex((octet, index) => octet === head[0] && token[index + 1] === head[1])
  assert.notEqual(start, -1, what)
  const bent = token.slice()
  bent[start + 9] = (bent[start + 9] ?? 0) ^ 1
  return [{ token: bent }]
}
