// SPDX-License-Identifier: Apache-2.0
/**
 * Keys and signatures beside others' implementations: openssl where the one of the machine knows the algorithm,
 * @noble/post-quantum where it does not. What they make we accept, and the other way round.
 */
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { decapsulate, encapsulate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ml_kem512, ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js'
import {
  slh_dsa_sha2_128f,
  slh_dsa_sha2_128s,
  slh_dsa_sha2_192f,
  slh_dsa_sha2_192s,
  slh_dsa_sha2_256f,
  slh_dsa_sha2_256s,
  slh_dsa_shake_128f,
  slh_dsa_shake_128s,
  slh_dsa_shake_192f,
  slh_dsa_shake_192s,
  slh_dsa_shake_256f,
  slh_dsa_shake_256s,
} from '@noble/post-quantum/slh-dsa.js'
import { encodePem, parsePem } from '#format/pem.ts'
import { parsePrivateKeyInfo } from '#format/pkcs8.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { parseCertificationRequest } from '#format/x509/certification-request.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { type KeyAlgorithmName, keyAlgorithms, signatureAlgorithmFor } from '#trust/algorithms.ts'
import { validatePath } from '#trust/path.ts'
import { provePossession } from '#trust/possession.ts'
import { encodePrivateKey, generateKey, parsePrivateKey, sign } from '#trust/private-key.ts'
import { verifySignature } from '#trust/signature.ts'
import { depthOfRun } from '../fuzz/random.ts'
import { certify, certifyAuthority, makeAnchor, makeEntity, request } from '../made-certificates.ts'

const directory = mkdtempSync(join(tmpdir(), 'vitalsign-algorithms-'))
after(() => rmSync(directory, { recursive: true }))

const message = new TextEncoder().encode('what is signed')

const isThere = spawnSync('openssl', ['version']).status === 0
const skip = isThere || process.env.PEERS === 'required' ? false : 'openssl is missing'

function openssl(...words: string[]): string {
  return execFileSync('openssl', words, { cwd: directory, encoding: 'utf8', stdio: 'pipe' })
}

function put(name: string, content: Uint8Array | string): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

const classical = {
  ed448: { make: ['-algorithm', 'ED448'], sign: [] },
  'rsa-pss-3072': {
    make: ['-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:3072'],
    // Else the longest salt that fits.
    sign: ['-sigopt', 'rsa_pss_saltlen:digest'],
  },
} as const

for (const [name, { make, sign: how }] of Object.entries(classical) as [
  keyof typeof classical,
  (typeof classical)[keyof typeof classical],
][]) {
  test(`openssl finds our certificates and requests of ${name} genuine`, { skip }, async () => {
    const root = await makeEntity('CN=Root', name)
    const made = await certifyAuthority(root)
    put('root.pem', encodePem('CERTIFICATE', made.der))
    const leaf = await certify(await makeEntity('CN=PUMP-0001', name), root)
    put('leaf.pem', encodePem('CERTIFICATE', leaf.der))
    const during = ['-attime', '1811851200']
    assert.match(openssl('verify', ...during, '-CAfile', 'root.pem', 'leaf.pem'), /OK/)
    const asked = await request(await makeEntity('CN=PUMP-0001', name))
    put('asked.pem', encodePem('CERTIFICATE REQUEST', asked.der))
    openssl('req', '-verify', '-noout', '-in', 'asked.pem')
  })

  test(`a chain and a request of ${name} by openssl are good here`, { skip }, async () => {
    openssl('genpkey', ...make, '-out', 'root.key')
    openssl('genpkey', ...make, '-out', 'leaf.key')
    const subject = ['-subj', '/CN=Their Root', '-days', '30']
    openssl('req', '-x509', '-new', '-key', 'root.key', ...subject, ...how, '-out', 'root.crt')
    openssl('req', '-new', '-key', 'leaf.key', '-subj', '/CN=PUMP-0001', ...how, '-out', 'leaf.csr')
    const by = ['-CA', 'root.crt', '-CAkey', 'root.key', '-CAcreateserial', '-days', '20', ...how]
    put('v3', 'basicConstraints=CA:FALSE\n')
    openssl('x509', '-req', '-in', 'leaf.csr', ...by, '-extfile', 'v3', '-out', 'leaf.crt')
    const read = (file: string) => parsePem(readFileSync(join(directory, file), 'utf8'))[0]!.bytes
    const path = validatePath({
      leaf: parseCertificate(read('leaf.crt')),
      ...{ intermediates: [], at: Temporal.Now.instant(), purpose: 'any' },
      anchors: [makeAnchor(parseCertificate(read('root.crt')))],
    })
    assert.equal(path.kind, 'valid', JSON.stringify(path))
    const possession = await provePossession(parseCertificationRequest(read('leaf.csr')))
    assert.equal(possession.kind, 'proved', JSON.stringify(possession))
    const key = await parsePrivateKey(read('leaf.key'))
    assert.equal(key.kind === 'key' && key.pair.publicKey.algorithm, name)
  })
}

test('signatures of rsassa-pss by a key of rsaEncryption in a chain by openssl are good here', {
  skip,
}, async () => {
  const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest']
  openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072', '-out', 'rsa.key')
  for (const digest of ['sha256', 'sha384', 'sha512']) {
    const subject = ['-subj', '/CN=Their Root', '-days', '30', `-${digest}`]
    openssl('req', '-x509', '-new', '-key', 'rsa.key', ...subject, ...pss, '-out', 'rsa.crt')
    const [block] = parsePem(readFileSync(join(directory, 'rsa.crt'), 'utf8'))
    const root = parseCertificate(block!.bytes)
    const path = validatePath({
      ...{ leaf: root, intermediates: [], anchors: [makeAnchor(root)] },
      ...{ at: Temporal.Now.instant(), purpose: 'any' },
    })
    assert.equal(path.kind, 'valid', `${digest} ${JSON.stringify(path)}`)
  }
})

test('rsassa-pss with a salt that is not of its length is refused by name', { skip }, async () => {
  const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:20']
  openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072', '-out', 'odd.key')
  openssl('req', '-new', '-key', 'odd.key', '-subj', '/CN=a', '-sha256', ...pss, '-out', 'odd.csr')
  const [block] = parsePem(readFileSync(join(directory, 'odd.csr'), 'utf8'))
  const refused = await provePossession(parseCertificationRequest(block!.bytes))
  assert.equal(refused.kind === 'refused' && refused.reason, 'signature-algorithm-unknown')
  assert.match(refused.kind === 'refused' ? refused.detail : '', /salt has 20 octets, must have 32/)
})

const hashed = {
  'slh-dsa-sha2-128s': slh_dsa_sha2_128s,
  'slh-dsa-sha2-128f': slh_dsa_sha2_128f,
  'slh-dsa-sha2-192s': slh_dsa_sha2_192s,
  'slh-dsa-sha2-192f': slh_dsa_sha2_192f,
  'slh-dsa-sha2-256s': slh_dsa_sha2_256s,
  'slh-dsa-sha2-256f': slh_dsa_sha2_256f,
  'slh-dsa-shake-128s': slh_dsa_shake_128s,
  'slh-dsa-shake-128f': slh_dsa_shake_128f,
  'slh-dsa-shake-192s': slh_dsa_shake_192s,
  'slh-dsa-shake-192f': slh_dsa_shake_192f,
  'slh-dsa-shake-256s': slh_dsa_shake_256s,
  'slh-dsa-shake-256f': slh_dsa_shake_256f,
} as const

for (const [name, noble] of Object.entries(hashed) as [
  keyof typeof hashed,
  typeof slh_dsa_sha2_128s,
][]) {
  const { identifier } = keyAlgorithms[name]
  const isSlow = name.endsWith('s')
  // Those of small signatures take seconds to make them: one of them, and all in the long run.
  if (isSlow && name !== 'slh-dsa-sha2-128s' && depthOfRun() === 1) continue

  test(`a second implementation finds our ${name} signatures genuine, and reads our key`, async () => {
    const { privateKey, publicKey } = await generateKey(name)
    const secret = parsePrivateKeyInfo(encodePrivateKey(privateKey)).privateKey
    const { key } = parseSubjectPublicKeyInfo(publicKey.spki)
    assert.deepEqual(noble.getPublicKey(secret), key)
    const signature = await sign(privateKey, signatureAlgorithmFor(name), message)
    assert.equal(noble.verify(signature, message, key), true)
    const bent = signature.with(40, signature[40]! ^ 1)
    assert.equal(noble.verify(bent, message, key), false)
  })

  if (isSlow) continue
  test(`signatures of a second implementation with ${name} are genuine here`, async () => {
    const { privateKey, publicKey } = await generateKey(name)
    const secret = parsePrivateKeyInfo(encodePrivateKey(privateKey)).privateKey
    const signature = noble.sign(message, secret)
    assert.equal(await verifySignature(identifier, publicKey, message, signature), true)
  })
}

for (const [name, noble] of [
  ['ml-kem-512', ml_kem512],
  ['ml-kem-768', ml_kem768],
  ['ml-kem-1024', ml_kem1024],
] as const satisfies readonly (readonly [KeyAlgorithmName, unknown])[]) {
  test(`a second implementation makes the same ${name} key of the same seed, and shares secrets with it`, async () => {
    const { privateKey, publicKey } = await generateKey(name)
    const seed = encodePrivateKey(privateKey).slice(-64)
    const theirs = noble.keygen(seed)
    assert.deepEqual(theirs.publicKey, parseSubjectPublicKeyInfo(publicKey.spki).key)
    const sent = noble.encapsulate(theirs.publicKey)
    assert.deepEqual(Uint8Array.from(decapsulate(privateKey, sent.cipherText)), sent.sharedSecret)
    const back = encapsulate(publicKey.keyObject)
    assert.deepEqual(
      noble.decapsulate(Uint8Array.from(back.ciphertext), theirs.secretKey),
      Uint8Array.from(back.sharedKey),
    )
  })
}
