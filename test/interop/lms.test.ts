// SPDX-License-Identifier: Apache-2.0
/** What a signer in another language made by each parameter set of LMS is believed, and nothing that is bent. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { parseHssSignature } from '#format/lms/hss.ts'
import { lmsParameters, otsParameters } from '#format/lms/parameters.ts'
import { readHssKey } from '#trust/lms/hss-key.ts'
import { hashing, verifyHss } from '#trust/lms/verify-hss.ts'
import { absent } from '../support/absent.ts'
import { python } from '../support/artefacts/judge-in-python.ts'

const skip = absent(python)

/** Every hash with every width of chains, at the lowest height: wide chains at one bit take the signer longest. */
const sets = [...lmsParameters]
  .filter(([, { height }]) => height === 5)
  .flatMap(([lms, tree]) =>
    [...otsParameters]
      .filter(([, ots]) => ots.hash === tree.hash && ots.octets === tree.octets)
      .map(([ots]) => [lms, ots] as const),
  )

test('a signature by every parameter set holds, over its own message only', { skip }, async () => {
  assert.equal(sets.length, 16)
  const input = JSON.stringify({ sets })
  const ran = spawnSync(python, ['test/interop/lms-signer.py'], { input, encoding: 'utf8' })
  assert.equal(ran.status, 0, ran.stderr)
  const made: readonly Record<'key' | 'signature' | 'message', string>[] = JSON.parse(ran.stdout)
  for (const [index, one] of made.entries()) {
    const key = readHssKey(Uint8Array.fromBase64(one.key))
    const signature = Uint8Array.fromBase64(one.signature)
    const message = Uint8Array.fromBase64(one.message)
    const holds = (bytes: Uint8Array, over: Uint8Array) =>
      verifyHss(key, parseHssSignature(bytes), hashing([over]))
    const name = `${key.top.lms.name} ${key.top.ots.name} (${sets[index]})`
    assert.equal(await holds(signature, message), true, name)
    assert.equal(await holds(signature, message.subarray(1)), false, name)
    // In the chains, and in the path.
    for (const at of [100, signature.length - 1]) {
      const bent = signature.map((octet, place) => (place === at ? octet ^ 1 : octet))
      assert.equal(await holds(bent, message), false, `${name} at ${at}`)
    }
  }
})
