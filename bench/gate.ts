// SPDX-License-Identifier: Apache-2.0
/**
 * What the gate costs beyond the import of a key, with lists of over six million entries in place:
 * `node bench/gate.ts`. Every key is a fresh one, as a gate remembers the one that it looked at.
 */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openKeyListDirectory } from '#edge/key-lists/key-list-directory.ts'
import { writeKeyList } from '#edge/key-lists/write-key-list.ts'
import { encodeKeyListHead } from '#format/key-list/key-list-head.ts'
import { parseSubjectPublicKeyInfo, type SubjectPublicKeyInfo } from '#format/x509/public-key.ts'
import { sha256 } from '#trust/digest.ts'
import { importPublicKey, type PublicKey } from '#trust/public-key.ts'
import { checkKey } from '#trust/weak-keys/check-key.ts'
import { makeScalarList, scalarListName } from '#trust/weak-keys/scalars/scalar-list.ts'
import { median, type Row } from './tools/row.ts'

const listed = 2_100_000
const entryOctets = 16

/** As many entries as the blocklist of badkeys has, of digests by chance. */
function manyEntries(): Uint8Array {
  const digests = Array.from({ length: listed }, (_, at) =>
    createHash('sha256').update(String(at)).digest('hex').slice(0, 30),
  ).sort()
  const entries = new Uint8Array(listed * entryOctets)
  for (const [at, digest] of digests.entries()) {
    entries.set(Uint8Array.fromHex(digest), at * entryOctets)
    entries[at * entryOctets + 15] = 1
  }
  return entries
}

export async function benchGate({
  rounds = 5,
}: {
  readonly rounds?: number
} = {}): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-gate-'))
  try {
    const entries = manyEntries()
    const head = encodeKeyListHead({
      ...{ name: 'many', from: 'bench', finds: 'key-listed', digestOctets: 15, hasParts: true },
      ...{ count: listed, sha256: sha256(entries), parts: new Map() },
    })
    await writeKeyList(directory, 'many', [head, entries])
    let at = performance.now()
    const scalars = makeScalarList()
    const made = performance.now() - at
    await writeKeyList(directory, scalarListName, [scalars.head, scalars.entries])
    at = performance.now()
    const opened = await openKeyListDirectory(directory)
    const opening = performance.now() - at
    const count = opened.lists.lists.reduce((all, one) => all + one.head.count, 0)
    const note = `${count.toLocaleString('en')} entries in two lists`
    const points = spkisOf('ec', 2_000)
    const moduli = spkisOf('rsa', 40)
    const gate = (key: PublicKey) => checkKey(key, opened.lists)
    const rows: Row[] = [
      {
        name: 'gate, P-256',
        ...timed(points, gate, rounds),
        unit: 'µs',
        note: `goal < 15; ${note}`,
      },
      {
        name: 'gate, RSA-2048',
        ...timed(moduli, gate, rounds),
        unit: 'µs',
        note: `goal < 2000; ${note}`,
      },
      {
        name: 'gate, list of scalars made',
        value: made / 1000,
        unit: 's',
        note: 'once an installation',
      },
      {
        name: 'gate, lists opened',
        value: opening,
        unit: 'ms',
        note: 'order and digest of all entries',
      },
    ]
    opened.close()
    return rows
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function spkisOf(type: 'ec' | 'rsa', count: number): readonly SubjectPublicKeyInfo[] {
  return Array.from({ length: count }, () => {
    const { publicKey } =
      type === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 2048 })
    const der = publicKey.export({ format: 'der', type: 'spki' })
    return parseSubjectPublicKeyInfo(new Uint8Array(der))
  })
}

/** Beside it, in the same rounds: the import itself. */
function timed(
  spkis: readonly SubjectPublicKeyInfo[],
  work: (key: PublicKey) => unknown,
  rounds: number,
) {
  const gates: number[] = []
  const imports: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const begun = performance.now()
    const keys = spkis.map((spki) => {
      const key = importPublicKey(spki)
      if ('kind' in key) throw new Error(key.detail)
      return key
    })
    const imported = performance.now()
    for (const key of keys) work(key)
    const done = performance.now()
    // The first round is the compiler's.
    if (round === 0) continue
    imports.push(((imported - begun) * 1000) / spkis.length)
    gates.push(((done - imported) * 1000) / spkis.length)
  }
  return { value: median(gates), limit: { name: 'import of the key', value: median(imports) } }
}

if (import.meta.main) {
  for (const { name, value, unit, limit, note } of await benchGate())
    console.log(
      `${name}: ${value.toFixed(1)} ${unit}${limit === undefined ? '' : ` beside ${limit.value.toFixed(1)} ${unit} of ${limit.name}`}; ${note}`,
    )
}
