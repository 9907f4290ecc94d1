// SPDX-License-Identifier: Apache-2.0
/**
 * A node that can be killed: arguments are its directory and its database. It prints its name and
 * addresses as a line of JSON; told `die` it ends, as by a cut of power, before or after the next
 * signature of a certificate; `before` and `after` say which, `booked` is after the certificate was written
 * down whole, `found` before what was found of a key is, and each is answered with a line. With a third argument, a
 * number, it ends before that signature of all; what follows are further words of its configuration.
 */
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { openTestHouse, sharedWords } from '../../support/house.ts'

const [directory = '', database = '', dieAt = '0', ...words] = process.argv.slice(2)
let signatures = 0
let dying: string | undefined
let logKey = ''

const house = await openTestHouse(
  directory,
  {
    wrapLedger: (ledger) => ({
      ...{
        read: (kind, id) => ledger.read(kind, id),
        list: (kind, query) => ledger.list(kind, query),
      },
      find: (kind, key, values) => ledger.find(kind, key, values),
      count: (kind, query) => ledger.count(kind, query),
      commit: async (change) => {
        const isFinding = change.puts.some((put) => put.kind === 'keyFinding')
        if (isFinding && dying === 'found') process.kill(process.pid, 'SIGKILL')
        const committed = await ledger.commit(change)
        const isWhole = change.puts.some((put) => put.kind === 'encoding')
        if (isWhole && dying === 'booked') process.kill(process.pid, 'SIGKILL')
        return committed
      },
    }),
    wrapKeys: (keys) => ({
      make: (algorithm, keyId, place) => keys.make(algorithm, keyId, place),
      has: (keyId) => keys.has(keyId),
      sign: async (keyId, toBeSigned) => {
        if (++signatures === Number(dieAt)) process.kill(process.pid, 'SIGKILL')
        const dies = keyId === logKey ? undefined : dying
        if (dies === 'before') process.kill(process.pid, 'SIGKILL')
        const signature = await keys.sign(keyId, toBeSigned)
        if (dies === 'after') process.kill(process.pid, 'SIGKILL')
        return signature
      },
    }),
  },
  [...sharedWords(database), ...words],
)
logKey = house.core.installation.logKey
writeSync(1, `${JSON.stringify({ node: house.core.node, ...house.addresses })}\n`)
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'die') dying = process.pid % 2 === 0 ? 'before' : 'after'
  if (!['before', 'after', 'booked', 'found'].includes(line)) return
  dying = line
  writeSync(1, 'dying\n')
})
