// SPDX-License-Identifier: Apache-2.0
/** What a scan reads as keys, stores and hashes is a stranger's: each reader says what it is or that it is none. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { FormatError } from '#format/format-error.ts'
import { readCryptHash } from '#trust/secrets/accounts/crypt-hash.ts'
import { readDerKey } from '#trust/secrets/keys/der-key.ts'
import { readJavaStore, readPkcs12 } from '#trust/secrets/keys/key-store.ts'
import { readLooseBlock } from '#trust/secrets/keys/pem-in-text.ts'
import { readOpenSshKey, readPuttyKey } from '#trust/secrets/keys/ssh-key.ts'
import { readSshPublicKey } from '#trust/secrets/keys/ssh-public.ts'
import { readVectors } from '../frozen-vectors.ts'
import { mutateBytes } from './mutate.ts'
import { mutateText } from './mutate-text.ts'
import { depthOfRun, Random, seedOfRun } from './random.ts'

interface Reader {
  /** What it reads as it should be. */
  readonly seeds: readonly Uint8Array[]
  readonly mutate: (random: Random, seed: Uint8Array) => Uint8Array
  readonly read: (bytes: Uint8Array) => unknown
  /** Of readers that prove what they read by costly sums. */
  readonly costly?: true
  /** Whether it may throw a FormatError, which its callers expect. */
  readonly throws?: true
}

const latin1 = new TextDecoder('latin1')
const utf8 = (text: string) => new TextEncoder().encode(text)
const frozen = (name: string) =>
  readVectors('scan').find((vector) => vector.name === name)!.blocks[0]!.bytes
/** Made by puttygen 0.78 and ssh-keygen 9.2 of Debian 12, for nobody. */
const sample = (name: string) =>
  Uint8Array.from(readFileSync(join(import.meta.dirname, '../vectors/scan-keys', name)))

const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const der = [
  frozen('private-key.finds.pem'),
  frozen('private-key-encrypted.finds.pem'),
  ...(['sec1', 'pkcs8'] as const).map((type) =>
    Uint8Array.from(curve.export({ format: 'der', type })),
  ),
  Uint8Array.from(
    generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey.export({
      format: 'der',
      type: 'pkcs1',
    }),
  ),
]
const pem = String(curve.export({ format: 'pem', type: 'pkcs8' }))
const openSsh = Uint8Array.fromBase64(
  latin1.decode(sample('openssh-ed25519')).replace(/-----.*-----|\s/g, ''),
)
const publicBlob = Uint8Array.fromBase64(
  latin1.decode(sample('openssh-ed25519.pub')).split(' ')[1]!,
)

const readers: Readonly<Record<string, Reader>> = {
  'keys in DER': { seeds: der, mutate: mutateBytes, read: readDerKey, costly: true },
  'stores of PKCS #12': {
    seeds: [frozen('key-store.finds.pem'), frozen('key-store.silent.pem')],
    mutate: mutateBytes,
    read: readPkcs12,
  },
  'stores of Java': { seeds: [javaStore()], mutate: mutateBytes, read: readJavaStore },
  'keys of OpenSSH': { seeds: [openSsh], mutate: mutateBytes, read: readOpenSshKey },
  'keys of PuTTY': {
    seeds: [sample('putty-3.ppk'), sample('putty-2.ppk')],
    mutate: mutateText,
    read: (bytes) => readPuttyKey(latin1.decode(bytes)),
  },
  'public keys of SSH': {
    seeds: [publicBlob],
    mutate: mutateBytes,
    read: readSshPublicKey,
    throws: true,
  },
  'PEM in texts': {
    seeds: [utf8(pem), utf8(JSON.stringify(pem)), utf8(pem.replaceAll('\n', '\\n" +\n "'))],
    mutate: mutateText,
    read: (bytes) => readLooseBlock(latin1.decode(bytes).replace(/^[^-]*/, '')),
  },
  'hashes of passwords': {
    seeds: ['$6$salt$', '$5$rounds=5000$salt$', '$1$salt$', '$y$j9T$salt$', '$2b$12$'].map(
      (start) => utf8(start + 'abcdefghij/.'.repeat(8).slice(0, start === '$6$salt$' ? 86 : 43)),
    ),
    mutate: mutateText,
    read: (bytes) => readCryptHash(latin1.decode(bytes)),
  },
}

/** One entry with a private key, and the check over all. */
function javaStore(): Uint8Array {
  const head = Uint8Array.fromHex('feedfeed000000020000000100000001')
  return Uint8Array.from([...head, ...new Uint8Array(60).fill(7)])
}

const seed = seedOfRun()
const inputs = 10_000 * depthOfRun()

for (const [name, { seeds, mutate, read, costly, throws }] of Object.entries(readers))
  test(`${name} are read, or are none (FUZZ_SEED=${seed})`, () => {
    const random = new Random(seed)
    let [found, none] = [0, 0]
    for (const good of seeds) if (read(good) !== undefined) found += 1
    assert.ok(found > 0, 'nothing is read as it should be')
    found = 0
    for (let count = 0; count < (costly ? inputs / 4 : inputs); count++) {
      const bytes = mutate(random, random.oneOf(seeds))
      try {
        if (read(bytes) === undefined) none += 1
        else found += 1
      } catch (error) {
        if (!(throws && error instanceof FormatError)) throw error
        none += 1
      }
    }
    assert.ok(none > 0, 'everything was read')
  })
