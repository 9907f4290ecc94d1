// SPDX-License-Identifier: Apache-2.0
/** The board's chip that knows ML-DSA: a line of strength, key, message and signature; the exit status is its answer. */
import { createPublicKey, verify } from 'node:crypto'
import { text } from 'node:stream/consumers'

/** What stands before a raw key of ML-DSA-65 in a SubjectPublicKeyInfo (RFC 9881). */
const head = '308207b2300b0609608648016503040312038207a100'

const [strength, key, message = '', signature = ''] = (await text(process.stdin)).trim().split(' ')
if (strength !== '65') process.exit(1)
const spki = Buffer.from(`${head}${key}`, 'hex')
const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
const isGood = verify(
  undefined,
  Buffer.from(message, 'hex'),
  publicKey,
  Buffer.from(signature, 'hex'),
)
process.exitCode = isGood ? 0 : 1
