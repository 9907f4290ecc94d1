// SPDX-License-Identifier: Apache-2.0
/** serverkeygen with curl and openssl: the key and its certificate, in the clear and sealed. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { trustForeign } from '#core/authority/trust-foreign.ts'
import { addDevice } from '#core/devices/add.ts'
import { newCode } from '#core/devices/code.ts'
import { addProduct } from '#core/devices/product.ts'
import type { Product } from '#core/ledger/tables.ts'
import { applyProfile } from '#core/policy/apply-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import { encodeSmimeCapabilities } from '#format/cms/smime-capabilities.ts'
import { encodeDer } from '#format/der/writer.ts'
import { algorithms, attributes, contentTypes } from '#format/oids.ts'
import { parsePem } from '#format/pem.ts'
import { encodeAlgorithmIdentifier } from '#format/x509/algorithm-identifier.ts'
import { encodeSigned, parseCertificate } from '#format/x509/certificate.ts'
import { encodeCertificationRequestInfo } from '#format/x509/certification-request.ts'
import { readExtension } from '#format/x509/extension.ts'
import { encodeName } from '#format/x509/name.ts'
import { signatureAlgorithms } from '#trust/algorithms.ts'
import { generateKey } from '#trust/private-key.ts'
import { type EstHouse, openEstHouse } from './est-house.ts'

const run = promisify(execFile)
const isThere = ['curl', 'openssl'].every(
  (name) => spawnSync(name, ['version']).error === undefined,
)
const skip = isThere || process.env.PEERS === 'required' ? false : 'curl or openssl is missing'

const operator = { kind: 'person', id: 'test' } as const
const because = 'its chip has no source of chance (a test)'
let at: EstHouse
let keyless: Product
before(async () => {
  at = await openEstHouse()
  writeFileSync(file('root.pem'), at.rootPem)
  const name = 'keyless'
  const keys = { algorithms: ['p-256'], because }
  const document = { ...readyProfiles.ldevid, name, serverKeys: keys }
  const { core } = at.house
  assert.equal((await applyProfile(document, operator, core)).kind, 'applied')
  const asked = { name, exposure: 'therapy', maker: 'Maker', profile: name } as const
  const added = await addProduct(asked, operator, core)
  assert.ok(added.kind === 'added', JSON.stringify(added))
  keyless = added.product
})
after(() => at.close())

function file(name: string): string {
  return join(at.directory, name)
}

async function openssl(...words: string[]): Promise<string> {
  return (await run('openssl', words, { cwd: at.directory })).stdout
}

/** Posts the base64 in BODY; what comes goes to the files `answer` and `head`. */
async function post(
  operation: string,
  body: string,
  words: string[] = [],
  url = at.url,
): Promise<number> {
  const { stdout } = await run(
    'curl',
    [
      ...['-sS', '--cacert', 'root.pem', '-o', 'answer', '-D', 'head', '-w', '%{http_code}'],
      ...['-H', 'Content-Type: application/pkcs10', '--data-binary', `@${body}`, ...words],
      `${url}/.well-known/est/${operation}`,
    ],
    { cwd: at.directory },
  )
  return Number(stdout)
}

/** The parts of a multipart answer (RFC 2046 section 5.1.1), decoded into files NAME.0, NAME.1; gives their types. */
async function takeApart(name: string): Promise<readonly string[]> {
  const [, boundary] = /boundary="(.+)"/.exec(readFileSync(file('head'), 'utf8')) ?? []
  const parts = readFileSync(file('answer'), 'utf8').split(`--${boundary}`).slice(1, -1)
  const types: string[] = []
  for (const [index, part] of parts.entries()) {
    const [head = '', body = ''] = part.trim().split('\r\n\r\n')
    writeFileSync(file('part'), `${body}\n`)
    await openssl('base64', '-d', '-in', 'part', '-out', `${name}.${index}`)
    types.push(/Content-Type: (.+)/.exec(head)?.[1]?.trim() ?? '')
  }
  return types
}

async function certificateIn(part: string, to: string): Promise<X509Certificate> {
  await openssl('pkcs7', '-inform', 'DER', '-in', part, '-print_certs', '-out', to)
  return new X509Certificate(readFileSync(file(to)))
}

/** The public half of a key as openssl sees it is the one in the certificate. */
async function isOn(key: string, certificate: X509Certificate): Promise<boolean> {
  const words = ['-in', key, '-inform', 'DER', '-pubout']
  return (
    (await openssl('pkey', ...words)) ===
    certificate.publicKey.export({ format: 'pem', type: 'spki' })
  )
}

test('openssl reads the key and the certificate, and the device signs in with them', {
  skip,
}, async () => {
  const { core } = at.house
  const particulars = { hardwareRevision: null, lot: null, udiDi: null }
  const added = await addDevice({ serial: 'KEYLESS-1', ...particulars }, keyless, operator, core)
  assert.ok(added.kind === 'added')

  const code = await newCode(added.device, 24, operator, core)
  assert.ok(code.kind === 'made')
  await openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'thrown-away.key')
  const words = ['-new', '-key', 'thrown-away.key', '-subj', '/CN=KEYLESS-1', '-outform', 'DER']
  await openssl('req', ...words, '-out', 'ask.der')
  await openssl('base64', '-in', 'ask.der', '-out', 'ask.b64')
  writeFileSync(file('curl.conf'), `user = "KEYLESS-1:${code.text}"\n`)
  const old = ['-K', 'curl.conf', '--tls-max', '1.2']
  assert.equal(await post('serverkeygen', 'ask.b64', old, at.legacyUrl), 200)
  assert.deepEqual(await takeApart('first'), [
    'application/pkcs8',
    'application/pkcs7-mime; smime-type=certs-only',
  ])
  const certificate = await certificateIn('first.1', 'first.pem')
  assert.ok(await isOn('first.0', certificate))
  assert.match(certificate.subject, /serialNumber=KEYLESS-1/)
  await openssl('pkey', '-in', 'first.0', '-inform', 'DER', '-out', 'first.key')
  const signed = ['--cert', 'first.pem', '--key', 'first.key', '--cacert', 'root.pem']
  const { stdout } = await run('curl', ['-sS', ...signed, `${at.url}/whoami`], {
    cwd: at.directory,
  })
  assert.match(stdout, /KEYLESS-1/)
  // It has arrived and was used: the code opens nothing any more.
  assert.equal(await post('serverkeygen', 'ask.b64', ['-K', 'curl.conf']), 401)
  assert.match(readFileSync(file('answer'), 'utf8'), /^code-used/)
})

test('where the profile does not say so, no key is made', { skip }, async () => {
  writeFileSync(file('curl.conf'), `user = "PLAIN-1:${await at.expect('PLAIN-1')}"\n`)
  await openssl(
    'req',
    '-new',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'k',
    '-subj',
    '/CN=x',
    '-outform',
    'DER',
    '-out',
    'no.der',
  )
  await openssl('base64', '-in', 'no.der', '-out', 'no.b64')
  assert.equal(await post('serverkeygen', 'no.b64', ['-K', 'curl.conf']), 403)
  assert.match(readFileSync(file('answer'), 'utf8'), /^server-key-not-permitted: .*simpleenroll/)
})

/** A chip of another maker with a key that may be sealed to, made by openssl; gives its key identifier. */
async function chip(
  name: string,
  serial: string,
  usage: string,
  newKey: string[],
): Promise<Uint8Array> {
  writeFileSync(file(`${name}.cnf`), `keyUsage=critical,${usage}\nsubjectKeyIdentifier=hash\n`)
  const request = ['-new', ...newKey, '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`]
  await openssl('req', ...request, '-subj', `/CN=chip/serialNumber=${serial}`)
  const by = ['-CA', 'chips.pem', '-CAkey', 'chips.key', '-set_serial', '77', '-days', '9']
  await openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...by,
    '-extfile',
    `${name}.cnf`,
    '-out',
    `${name}.pem`,
  )
  const { extensions } = parseCertificate(
    parsePem(readFileSync(file(`${name}.pem`), 'utf8'))[0]!.bytes,
  )
  return readExtension(extensions, 'subjectKeyIdentifier') ?? assert.fail()
}

/** No ready client asks for a sealed key, so the request is ours; its signature is nobody's, and not looked at. */
async function askSealed(identifier: Uint8Array): Promise<void> {
  const { publicKey } = await generateKey('p-256')
  const cbc = encodeAlgorithmIdentifier(algorithms.aes256Cbc)
  const info = encodeCertificationRequestInfo({
    ...{ subject: encodeName([]), publicKey: publicKey.spki },
    attributes: [
      { type: attributes.smimeCapabilities, values: [encodeSmimeCapabilities([cbc])] },
      {
        type: attributes.asymmetricDecryptKeyIdentifier,
        values: [encodeDer((writer) => writer.octets(identifier))],
      },
    ],
  })
  const { identifier: unsigned } = signatureAlgorithms['ecdsa-sha256']
  const der = encodeSigned(info, unsigned, new Uint8Array(8))
  writeFileSync(file('sealed.b64'), der.toBase64())
}

test('openssl opens a sealed key, by RSA-OAEP and by ECDH, and finds the server’s signature good', {
  skip,
}, async () => {
  const { core } = at.house
  const extensions = [
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  ]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  await openssl(
    'req',
    '-x509',
    '-new',
    ...curve,
    '-nodes',
    '-keyout',
    'chips.key',
    '-out',
    'chips.pem',
    '-days',
    '9',
    '-subj',
    '/CN=Chips',
    ...extensions,
  )
  const root = parseCertificate(parsePem(readFileSync(file('chips.pem'), 'utf8'))[0]!.bytes)
  const { environment } = core
  const asked = { name: 'chips', certificate: root, products: [keyless.id], environment }
  assert.equal((await trustForeign(asked, operator, core)).kind, 'trusted')
  await core.doors.reload()
  for (const [name, usage, newKey] of [
    ['rsa', 'digitalSignature,keyEncipherment', ['-newkey', 'rsa:3072']],
    ['ec', 'digitalSignature,keyAgreement', curve],
  ] as const) {
    const serial = `CHIP-${name}`
    const particulars = { hardwareRevision: null, lot: null, udiDi: null }
    const added = await addDevice({ serial, ...particulars }, keyless, operator, core)
    assert.equal(added.kind, 'added')
    await askSealed(await chip(name, serial, usage, [...newKey]))
    const shown = ['--cert', `${name}.pem`, '--key', `${name}.key`]
    const status = await post('serverkeygen', 'sealed.b64', shown)
    assert.equal(status, 200, readFileSync(file('answer'), 'utf8'))
    assert.deepEqual(await takeApart(name), [
      'application/pkcs7-mime; smime-type=server-generated-key',
      'application/pkcs7-mime; smime-type=certs-only',
    ])
    const opened = [
      '-inform',
      'DER',
      '-in',
      `${name}.0`,
      '-recip',
      `${name}.pem`,
      '-inkey',
      `${name}.key`,
    ]
    await openssl('cms', '-decrypt', ...opened, '-binary', '-out', `${name}.signed`)
    // The envelope says the type of what is in it; openssl wants it said once more.
    const wrapped = encodeDer((writer) =>
      writer.sequence(() => {
        writer.oid(contentTypes.signedData)
        writer.context(0, () => writer.raw(readFileSync(file(`${name}.signed`))))
      }),
    )
    writeFileSync(file(`${name}.cms`), wrapped)
    const verify = [
      '-inform',
      'DER',
      '-in',
      `${name}.cms`,
      '-CAfile',
      'root.pem',
      '-purpose',
      'any',
    ]
    await openssl('cms', '-verify', ...verify, '-binary', '-out', `${name}.package`)
    // AsymmetricKeyPackage is a SEQUENCE OF one PKCS #8: its content is the key.
    const skipped = await openssl('asn1parse', '-inform', 'DER', '-in', `${name}.package`)
    const [, header = ''] = /hl=(\d)/.exec(skipped) ?? []
    const keyPackage = readFileSync(file(`${name}.package`))
    writeFileSync(file(`${name}.p8`), keyPackage.subarray(Number(header)))
    assert.ok(await isOn(`${name}.p8`, await certificateIn(`${name}.1`, `${name}-issued.pem`)))
  }
})

test('the lines of the guide, pasted, give a device its key', { skip }, async () => {
  const guide = readFileSync('docs/guides/key-made-by-the-server.md', 'utf8')
  const [, lines = ''] = /```sh\n(.*?)```/s.exec(guide) ?? []
  const { core } = at.house
  const particulars = { hardwareRevision: null, lot: null, udiDi: null }
  const added = await addDevice({ serial: 'PUMP-0001', ...particulars }, keyless, operator, core)
  assert.ok(added.kind === 'added')
  const code = await newCode(added.device, 24, operator, core)
  assert.ok(code.kind === 'made')
  writeFileSync(file('code'), code.text)
  const here = lines.replace('https://localhost:8443', at.url)
  await run('sh', ['-e', '-c', here], { cwd: at.directory })
  const certificate = new X509Certificate(readFileSync(file('pump.pem')))
  assert.ok(certificate.checkPrivateKey(createPrivateKey(readFileSync(file('pump.key')))))
  assert.equal(statSync(file('pump.key')).mode & 0o777, 0o600)
})
