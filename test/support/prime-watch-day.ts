// SPDX-License-Identifier: Apache-2.0
/** One day of the watch on primes, in a process of its own: adds the keys that it is sent, and runs. */
import { openPrimeWatch } from '#house/keywatch/prime-watch.ts'
import type { WatchedModulus } from '#trust/weak-keys/shared-primes/shared-prime.ts'

process.once('message', async (keys: readonly WatchedModulus[]) => {
  const watch = await openPrimeWatch(process.argv[2] ?? '')
  await watch.add(keys)
  await watch.run()
  await watch.close()
  process.disconnect?.()
})
