// SPDX-License-Identifier: Apache-2.0
/** Authority keys in a software TPM, and a house that signs with them. */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { openTpmLink, type TpmLink } from '#device/tpm/link.ts'
import { TpmBackend, type TpmShelf } from '#edge/tpm/tpm-backend.ts'
import type { TpmTransport } from '#format/tpm/command/exchange.ts'
import { parseSubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import {
  type KeyAlgorithmName,
  signatureAlgorithmFor,
  signatureAlgorithms,
} from '#trust/algorithms.ts'
import { importPublicKey } from '#trust/public-key.ts'
import { verifySignature } from '#trust/signature.ts'
import { enrolled, isIssuedBy, openTestHouse, withProduct } from '../support/house.ts'
import { makeTpm, type SoftTpm, withoutTpm } from '../support/tpm.ts'

const skip = withoutTpm
const message = new TextEncoder().encode('to be signed')

let tpm: SoftTpm
before(async () => {
  if (skip === false) tpm = await makeTpm()
})
after(() => tpm?.remove())

function shelfOf(files = new Map<string, string>()): TpmShelf {
  return {
    ids: async () => [...files.keys()],
    read: async (keyId) => files.get(keyId),
    async write(keyId, text) {
      assert.ok(!files.has(keyId))
      files.set(keyId, text)
    },
  }
}

interface Opened {
  readonly backend: TpmBackend
  readonly files: Map<string, string>
  readonly states: string[]
  /** Resolves when the backend is next in this state. */
  becomes(state: 'up' | 'away' | 'stopped'): Promise<void>
}

async function open(
  of: SoftTpm,
  files = new Map<string, string>(),
  bend: (transport: TpmTransport) => TpmTransport = (transport) => transport,
): Promise<Opened> {
  const link: TpmLink = openTpmLink({ kind: 'socket', path: of.socket }, 30_000)
  const states: string[] = []
  const backend = new TpmBackend('test', {
    transport: bend(link.transport),
    shelf: shelfOf(files),
    report: (what) => void states.push(what),
    looks: { up: 20, away: 20, locked: 20 },
    close: () => link.close(),
  })
  await backend.open()
  const becomes = (state: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (backend.health().state === state) resolve()
      }
      backend.onChange(look)
      look()
    })
  return { backend, files, states, becomes }
}

async function isGenuine(algorithm: KeyAlgorithmName, spki: Uint8Array, signature: Uint8Array) {
  const publicKey = importPublicKey(parseSubjectPublicKeyInfo(spki))
  assert.ok(!('kind' in publicKey))
  const { identifier } = signatureAlgorithmFor(algorithm)
  return (await verifySignature(identifier, publicKey, message, signature)) === true
}

test('keys are made inside, more than the TPM has room for at once, and sign', {
  skip,
}, async () => {
  const { backend, files } = await open(tpm)
  const made = new Map<string, { algorithm: KeyAlgorithmName; spki: Uint8Array }>()
  for (const algorithm of ['p-256', 'p-384', 'p-521', 'rsa-2048', 'rsa-3072'] as const) {
    const { spki, facts } = await backend.make(algorithm, `key-${algorithm}`)
    assert.deepEqual(facts, {
      ...{ origin: 'server', protection: 'tpm', exportable: false },
      ...{ moduleCertificate: null, custody: 'tpm test' },
    })
    made.set(`key-${algorithm}`, { algorithm, spki })
  }
  for (const [keyId, { algorithm, spki }] of made)
    assert.ok(await isGenuine(algorithm, spki, await backend.sign(keyId, message)), keyId)
  const { keys, facts, signatures } = backend.health()
  assert.deepEqual([keys.length, signatures, facts['manufacturer']], [5, 5, 'IBM'])
  assert.equal(files.size, 5)
  await backend.close()
  const again = await open(tpm, files)
  assert.ok(await again.backend.has('key-p-256'))
  assert.ok((await again.backend.sign('key-p-256', message)).length > 60)
  await again.backend.close()
})

test('a TPM signs digests of others, and RSA by another padding where its salt is that of the algorithm', {
  skip,
}, async () => {
  const { backend } = await open(tpm)
  const ways = [
    ['p-256', 'ecdsa-sha256'],
    ['p-384', 'ecdsa-sha384'],
    ['rsa-3072', 'rsa-sha256'],
    ['rsa-3072', 'rsa-pss-sha256'],
  ] as const
  for (const [key, algorithm] of ways) {
    const keyId = `asked-${key}-${algorithm}`
    const { spki } = await backend.make(key, keyId)
    const publicKey = importPublicKey(parseSubjectPublicKeyInfo(spki))
    assert.ok(!('kind' in publicKey))
    const { digest, identifier } = signatureAlgorithms[algorithm]
    const digested = Uint8Array.from(hash(digest ?? '', message, 'buffer'))
    for (const [over, bytes] of [
      ['message', message],
      ['digest', digested],
    ] as const) {
      const signature = await backend.sign(keyId, bytes, { algorithm, over })
      assert.equal(await verifySignature(identifier, publicKey, message, signature), true)
    }
    await assert.rejects(backend.sign(keyId, message, { algorithm, over: 'digest' }), TypeError)
  }
  const longest = { algorithm: 'rsa-pss-sha256-longest-salt', over: 'message' } as const
  await assert.rejects(backend.sign('asked-rsa-3072-rsa-sha256', message, longest), TypeError)
  await backend.close()
})

test('a TPM that goes away is told of, and is used again when it is back', { skip }, async () => {
  const own = await makeTpm()
  const { backend, becomes, states } = await open(own)
  const { spki } = await backend.make('p-256', 'key')
  await own.stop()
  await assert.rejects(backend.sign('key', message), { code: 'key-unreachable' })
  await own.start()
  await becomes('up')
  assert.ok(await isGenuine('p-256', spki, await backend.sign('key', message)))
  assert.deepEqual(states, ['tpm test is up', 'tpm test is away', 'tpm test is up'])
  assert.equal(backend.health().restarts, 1)
  await backend.close()
  await own.remove()
})

test('what a TPM still holds after only the way to it was lost makes room', { skip }, async () => {
  let isCut = false
  const { backend, becomes } = await open(tpm, new Map(), (transport) => async (command) => {
    if (isCut) throw new Error('the way to the TPM is lost')
    return transport(command)
  })
  await backend.make('p-256', 'key')
  for (let times = 0; times < 4; times++) {
    isCut = true
    await assert.rejects(backend.sign('key', message), { code: 'key-unreachable' })
    isCut = false
    await becomes('up')
    assert.ok((await backend.sign('key', message)).length > 60)
  }
  await backend.close()
})

test('a key of another TPM, a damaged file and no file are told apart', { skip }, async () => {
  const own = await makeTpm()
  const first = await open(own)
  await first.backend.make('p-256', 'key')
  await first.backend.close()
  await own.remove()
  const { backend, files } = await open(tpm, first.files)
  await assert.rejects(backend.sign('key', message), {
    code: 'key-missing',
    message: /another TPM/,
  })
  files.set('bent', 'no PEM at all')
  await assert.rejects(backend.sign('bent', message), { code: 'key-damaged' })
  await assert.rejects(backend.sign('none', message), { code: 'key-missing' })
  await backend.close()
})

test('a TPM that signs wrongly is found out, and its signature goes nowhere', {
  skip,
}, async () => {
  const { backend } = await open(tpm, new Map(), (transport) => async (command) => {
    const answer = await transport(command)
    const isSignature = answer.length > 80 && command[9] === 0x5d
    if (isSignature) answer[answer.length - 20]! ^= 1
    return answer
  })
  await assert.rejects(backend.make('p-256', 'key'), { code: 'key-not-as-asked' })
  assert.ok(!(await backend.has('key')))
  await backend.close()
})

test('a locked TPM is left alone until it is not locked any more', { skip }, async () => {
  let locked = false
  let signs = 0
  const { backend, becomes } = await open(tpm, new Map(), (transport) => async (command) => {
    if (command[9] === 0x5d) signs++
    if (locked && command[9] === 0x5d) return Uint8Array.fromHex('80010000000a00000921')
    const answer = await transport(command)
    // TPM2_GetCapability of TPM_PT_PERMANENT: its first value, with the bit of the lockout.
    if (locked && command[9] === 0x7a && command.at(-5) === 0 && command.at(-6) === 2)
      answer[25]! |= 2
    return answer
  })
  await backend.make('p-256', 'key')
  locked = true
  await assert.rejects(backend.sign('key', message), { code: 'key-locked' })
  const before = signs
  await assert.rejects(backend.sign('key', message), { code: 'key-locked' })
  assert.equal(signs, before, 'nothing was tried')
  // Time and again: keys that stay loaded and are forgotten would fill the TPM.
  for (let times = 0; times < 4; times++) {
    locked = false
    await becomes('up')
    assert.ok((await backend.sign('key', message)).length > 60)
    locked = true
    await assert.rejects(backend.sign('key', message), { code: 'key-locked' })
  }
  await backend.close()
})

test('what a TPM does not make is refused before it is asked', { skip }, async () => {
  const { backend } = await open(tpm)
  assert.ok(!backend.makes('ed25519'))
  await assert.rejects(backend.make('ml-dsa-65', 'key'), { code: 'configuration-wrong' })
  await backend.close()
})

test('a house with its issuing key in the TPM certifies devices, over a restart of both', {
  skip,
}, async () => {
  const own = await makeTpm()
  const words = [
    ...['--tpm', `swtpm:${own.socket}`, '--tpm-name', 'board'],
    ...['--keys-in', 'tpm'],
  ]
  const house = await openTestHouse(undefined, {}, words)
  const issuing = house.core.doors.own.find(({ kind }) => kind === 'issuing')
  assert.ok(issuing)
  const key = await house.core.ledger.read('key', issuing.key ?? '')
  assert.deepEqual([key?.custody, key?.protection, key?.exportable], ['tpm board', 'tpm', false])
  const product = await withProduct(house)
  const first = await enrolled(house, product, 'PUMP-1')
  assert.ok(isIssuedBy(house, first.certificate))
  await house.stop()
  await own.stop()
  await own.start()
  const again = await openTestHouse(house.directory, {}, words)
  const second = await enrolled(again, product, 'PUMP-2')
  assert.ok(isIssuedBy(again, second.certificate))
  await again.stop()
  await own.remove()
})
