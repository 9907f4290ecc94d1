// SPDX-License-Identifier: Apache-2.0
/**
 * The codecs beside three others: what we write, they read and find the same in it; what they write, we read, and
 * write again to the byte. `FUZZ_SEED` repeats a run, `DEPTH` lengthens it.
 */
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPublicKey, webcrypto, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import * as peculiar from '@peculiar/x509'
import { encodePem, parsePem } from '#format/pem.ts'
import { parseCertificate } from '#format/x509/certificate.ts'
import { parseCertificationRequest } from '#format/x509/certification-request.ts'
import { parseCrl } from '#format/x509/crl.ts'
import { readExtension } from '#format/x509/extension.ts'
import { encodeName, formatName, parseName } from '#format/x509/name.ts'
import { depthOfRun, Random, seedOfRun } from '../fuzz/random.ts'
import { targetOf } from '../fuzz/targets.ts'
import { certificateOf, crlOf, nameOf, requestOf } from './samples.ts'

const seed = seedOfRun()
const depth = depthOfRun()
const directory = mkdtempSync(join(tmpdir(), 'vitalsign-differential-'))
after(() => rmSync(directory, { recursive: true }))

/** Runs `check` on so many samples, and says with which seed and number it failed. */
function forMany<T>(count: number, make: (random: Random) => T, check: (sample: T) => void): void {
  const random = new Random(seed)
  for (let number = 0; number < count * depth; number++) {
    const sample = make(random)
    try {
      check(sample)
    } catch (error) {
      throw new Error(`FUZZ_SEED=${seed}, sample ${number}`, { cause: error })
    }
  }
}

function openssl(words: readonly string[], input: Uint8Array | string): string {
  return execFileSync('openssl', words, {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

const integer = (content: Uint8Array) => BigInt(`0x${content.toHex()}`)

test(`Node reads our certificates, verifies them and finds the same in them, seed ${seed}`, () =>
  forMany(3_000, certificateOf, ({ der, signer }) => {
    const ours = parseCertificate(der)
    const node = new X509Certificate(der)
    const key = createPublicKey({ key: Buffer.from(signer.publicKey), format: 'der', type: 'spki' })
    assert.ok(node.verify(key))
    assert.equal(BigInt(`0x${node.serialNumber}`), integer(ours.serialNumber))
    assert.equal(node.validFromDate.getTime(), ours.notBefore.epochMilliseconds)
    assert.equal(node.validToDate.getTime(), ours.notAfter.epochMilliseconds)
    assert.deepEqual(
      new Uint8Array(node.publicKey.export({ format: 'der', type: 'spki' })),
      ours.publicKey.der,
    )
    const uses = readExtension(ours.extensions, 'keyUsage')
    const ca = readExtension(ours.extensions, 'basicConstraints')?.ca ?? false
    assert.equal(node.ca, ca && (uses?.includes('keyCertSign') ?? true))
    const purposes = readExtension(ours.extensions, 'extKeyUsage')
    assert.deepEqual(node.keyUsage, purposes)
    assert.equal(node.subject?.split('\n').length, ours.subject.rdns.length)
  }))

test('@peculiar/x509 reads our certificates and finds the same in them', () =>
  forMany(1_500, certificateOf, ({ der }) => {
    const ours = parseCertificate(der)
    const theirs = new peculiar.X509Certificate(der)
    assert.equal(BigInt(`0x${theirs.serialNumber}`), integer(ours.serialNumber))
    assert.equal(theirs.notBefore.getTime(), ours.notBefore.epochMilliseconds)
    assert.equal(theirs.notAfter.getTime(), ours.notAfter.epochMilliseconds)
    assert.deepEqual(new Uint8Array(theirs.subjectName.toArrayBuffer()), ours.subject.der)
    assert.deepEqual(new Uint8Array(theirs.publicKey.rawData), ours.publicKey.der)
    assert.deepEqual(
      [...theirs.extensions].map(({ type, critical, value }) => ({
        oid: type,
        critical,
        value: new Uint8Array(value),
      })),
      ours.extensions,
    )
  }))

test('@peculiar/x509 reads our requests and finds the same in them', () =>
  forMany(1_500, requestOf, ({ der }) => {
    const ours = parseCertificationRequest(der)
    const theirs = new peculiar.Pkcs10CertificateRequest(der)
    assert.deepEqual(new Uint8Array(theirs.subjectName.toArrayBuffer()), ours.subject.der)
    assert.deepEqual(new Uint8Array(theirs.publicKey.rawData), ours.publicKey.der)
    assert.deepEqual(
      [...theirs.attributes].map(({ type, values }) => ({
        type,
        values: values.map((value) => new Uint8Array(value)),
      })),
      ours.attributes,
    )
    assert.deepEqual(
      [...theirs.extensions].map(({ type }) => type),
      ours.requestedExtensions.map(({ oid }) => oid),
    )
  }))

test('@peculiar/x509 reads our lists and finds the same in them', () =>
  forMany(200, crlOf, ({ der }) => {
    const ours = parseCrl(der)
    const theirs = new peculiar.X509Crl(der)
    assert.equal(theirs.thisUpdate.getTime(), ours.thisUpdate.epochMilliseconds)
    assert.deepEqual(
      [...theirs.entries].map((entry) => [
        BigInt(`0x${entry.serialNumber}`),
        entry.revocationDate.getTime(),
        entry.reason,
      ]),
      [...ours.revoked].map((entry) => [
        integer(entry.serialNumber),
        entry.revokedAt.epochMilliseconds,
        entry.reason,
      ]),
    )
  }))

test('openssl reads our certificates in one bundle, and writes them again to the byte', () => {
  const ders: Uint8Array[] = []
  forMany(2_000, certificateOf, ({ der }) => ders.push(der))
  const bundle = join(directory, 'bundle.pem')
  writeFileSync(bundle, ders.map((der) => encodePem('CERTIFICATE', der)).join(''))
  const words = ['crl2pkcs7', '-nocrl', '-certfile', bundle]
  const message = execFileSync('openssl', words, { maxBuffer: 1 << 28 })
  const written = openssl(['pkcs7', '-print_certs'], message)
  const blocks = written.match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----/g) ?? []
  assert.deepEqual(
    blocks.map((block) => parsePem(block)[0]?.bytes.toHex()).sort(),
    ders.map((der) => der.toHex()).sort(),
  )
})

test('openssl prints our certificates without finding a fault in an extension', () =>
  forMany(60, certificateOf, ({ der }) => {
    const ours = parseCertificate(der)
    const printed = openssl(
      ['x509', '-inform', 'DER', '-noout', '-text', '-nameopt', 'RFC2253,-esc_msb,utf8'],
      der,
    )
    assert.doesNotMatch(printed, /INVALID|<Not Supported>|<EMPTY>|unable to/i)
    assert.ok(printed.includes(`Subject: ${formatName(ours.subject)}`), formatName(ours.subject))
    const basic = readExtension(ours.extensions, 'basicConstraints')
    if (basic?.ca) assert.match(printed, new RegExp(`CA:TRUE, pathlen:${basic.pathLength}\\b`))
  }))

test('openssl verifies our requests', () =>
  forMany(40, requestOf, ({ der }) => {
    openssl(['req', '-inform', 'DER', '-verify', '-noout', '-text'], der)
  }))

test('openssl reads our lists and finds the same in them', () =>
  forMany(30, crlOf, ({ der }) => {
    const printed = openssl(['crl', '-inform', 'DER', '-noout', '-text'], der)
    const serials = [...printed.matchAll(/Serial Number: ([0-9A-F]+)/g)].map(([, hex]) =>
      BigInt(`0x${hex}`),
    )
    assert.deepEqual(
      serials,
      [...parseCrl(der).revoked].map(({ serialNumber }) => integer(serialNumber)),
    )
  }))

test('names are written as openssl and @peculiar/x509 would read them', () =>
  forMany(1_000, nameOf, (name) => {
    assert.deepEqual(parseName(encodeName(name.rdns).der), name)
    const theirs = new peculiar.Name(new Uint8Array(name.der))
    assert.deepEqual(
      theirs.toJSON().flatMap((part) => Object.values(part).flat()),
      name.rdns.flatMap((rdn) => rdn.map(({ value }) => value)),
    )
  }))

const { subtle } = webcrypto
peculiar.cryptoProvider.set(webcrypto as unknown as Crypto)

test('what @peculiar/x509 writes, we read, and write again to the byte', async () => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const random = new Random(seed)
  for (let number = 0; number < 300 * depth; number++) {
    const certificate = await peculiar.X509CertificateGenerator.createSelfSigned({
      serialNumber: `0${random.below(9)}${random.bytes(8).toHex()}`,
      name: `CN=Pump ${random.below(99)}, O=Exämple, C=DE`,
      notBefore: new Date(1_700_000_000_000 + random.below(1e9) * 1000),
      notAfter: new Date(random.chance(2) ? 253_402_300_799_000 : 2_500_000_000_000),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new peculiar.BasicConstraintsExtension(random.chance(2), undefined, true),
        new peculiar.KeyUsagesExtension(1 + random.below(511), true),
        new peculiar.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2']),
        new peculiar.SubjectAlternativeNameExtension([
          { type: 'dns', value: 'a.example.com' },
          { type: 'ip', value: '2001:db8::1' },
        ]),
        await peculiar.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    checkAgain('certificate', certificate.rawData)
    const request = await peculiar.Pkcs10CertificateRequestGenerator.create({
      name: `CN=Pump ${random.below(99)}`,
      keys,
      signingAlgorithm: algorithm,
      attributes: [new peculiar.ChallengePasswordAttribute('secret')],
      extensions: [new peculiar.KeyUsagesExtension(1 + random.below(511))],
    })
    checkAgain('certification-request', request.rawData)
  }
})

test('what openssl writes, we read, and write again to the byte', () => {
  const random = new Random(seed)
  const key = join(directory, 'key.pem')
  execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key])
  for (let number = 0; number < 30 * depth; number++) {
    const subject = `/C=DE/O=Exämple ${random.below(99)}/CN=PUMP-${random.below(9999)}`
    const words = [
      'req',
      '-new',
      '-utf8',
      '-key',
      key,
      '-subj',
      subject,
      '-addext',
      `subjectAltName=DNS:a.example.com,IP:192.0.2.${random.below(255)}`,
    ]
    checkAgain('certification-request', openssl(words, ''))
    checkAgain(
      'certificate',
      openssl(
        [
          ...words,
          '-x509',
          '-days',
          String(1 + random.below(30_000)),
          '-addext',
          'keyUsage=critical,digitalSignature',
        ],
        '',
      ),
    )
  }
})

function checkAgain(target: string, written: ArrayBuffer | string): void {
  const der = typeof written === 'string' ? parsePem(written)[0]!.bytes : new Uint8Array(written)
  assert.deepEqual(targetOf(target).again(der), der)
}
