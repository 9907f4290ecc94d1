// SPDX-License-Identifier: Apache-2.0
/** Hundreds of chains, good or spoiled in one way each: our yes and no, and that of `openssl verify`. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { anyPolicy } from '#format/oids.ts'
import { encodePem } from '#format/pem.ts'
import type { Certificate } from '#format/x509/certificate.ts'
import { validatePath } from '#trust/path.ts'
import { depthOfRun, Random, seedOfRun } from '../fuzz/random.ts'
import { madeNow, makeAnchor } from '../made-certificates.ts'
import { type DrawnChain, drawChain, makeKeyPool, spoilings } from '../support/drawn-chains.ts'

const isThere = spawnSync('openssl', ['version']).error === undefined
const skip = isThere || process.env.PEERS === 'required' ? false : 'openssl is missing'

/** Good chains, and chains for each spoiling. */
const goodChains = 120 * depthOfRun()
const chainsPerSpoiling = 8 * depthOfRun()

const seed = seedOfRun()
const random = new Random(seed)
const chains = await drawAll()

test(`all good chains are valid, all spoiled ones are refused by their rule (FUZZ_SEED=${seed})`, {
  skip,
}, () => {
  for (const chain of chains) {
    const expected = chain.spoiling?.reason ?? 'valid'
    assert.equal(wordFor(chain), expected, `${chain.spoiling?.what ?? 'good'}, FUZZ_SEED=${seed}`)
  }
})

test(`openssl verify says the same of all chains (FUZZ_SEED=${seed})`, { skip }, () => {
  const accepted = verifyWithOpenssl()
  for (const [index, chain] of chains.entries())
    assert.equal(
      accepted.has(index),
      wordFor(chain) === 'valid',
      `${chain.spoiling?.what ?? 'good'}: openssl ${accepted.has(index) ? 'accepts' : 'refuses'}, FUZZ_SEED=${seed}`,
    )
})

async function drawAll(): Promise<readonly DrawnChain[]> {
  const pool = await makeKeyPool()
  const drawn: DrawnChain[] = []
  const draw = async (spoiling?: (typeof spoilings)[number]) => {
    const chain = await drawChain(drawn.length, pool, random, spoiling)
    if (chain !== undefined) drawn.push(chain)
  }
  for (let round = 0; round < goodChains; round++) await draw()
  for (const spoiling of spoilings)
    for (let round = 0; round < chainsPerSpoiling; round++) await draw(spoiling)
  return drawn
}

function wordFor({ leaf, intermediates, root }: DrawnChain): string {
  const anchors = root === undefined ? [] : [makeAnchor(root)]
  const result = validatePath({ leaf, intermediates, anchors, at: madeNow, purpose: 'device' })
  return result.kind === 'refused' ? result.reason : result.kind
}

/** The numbers of the chains that openssl accepts; one run for all, as every chain has names of its own. */
function verifyWithOpenssl(): ReadonlySet<number> {
  const directory = mkdtempSync(join(tmpdir(), 'vitalsign-paths-'))
  try {
    const file = (name: string, certificates: readonly Certificate[]) => {
      const path = join(directory, name)
      writeFileSync(path, certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join(''))
      return path
    }
    const roots = file(
      'roots',
      chains.flatMap(({ root }) => root ?? []),
    )
    const intermediates = file(
      'intermediates',
      chains.flatMap((chain) => chain.intermediates),
    )
    const leaves = chains.map(({ leaf }, index) => file(`leaf-${index}`, [leaf]))
    const seconds = String(madeNow.epochMilliseconds / 1000)
    const rules = [
      '-x509_strict',
      '-policy_check',
      '-policy',
      anyPolicy,
      '-purpose',
      'sslclient',
      '-attime',
      seconds,
    ]
    const trust = ['-no-CApath', '-no-CAstore', '-CAfile', roots, '-untrusted', intermediates]
    const { stdout } = spawnSync('openssl', ['verify', ...rules, ...trust, ...leaves], {
      encoding: 'utf8',
    })
    return new Set(Array.from(stdout.matchAll(/leaf-(\d+): OK/g), ([, number]) => Number(number)))
  } finally {
    rmSync(directory, { recursive: true })
  }
}
