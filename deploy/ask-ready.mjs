// SPDX-License-Identifier: Apache-2.0
// node ask-ready.mjs URL [SECONDS]: asks until the answer is 200, at most so long (0: once).
// A token that is away keeps nothing but signing back, so a server without it counts as started: it serves status.
// Exit status 0: it was; 1: it was not, and standard error says what came instead.
import { setTimeout as sleep } from 'node:timers/promises'

const [url = 'http://127.0.0.1:8080/readyz', seconds = '0'] = process.argv.slice(2)
const pauseMilliseconds = 250
const patienceMilliseconds = 3_000

for (let left = Number(seconds) * 1_000; ; left -= pauseMilliseconds) {
  const answer = await ask()
  if (answer === undefined) break
  if (left <= 0) {
    console.error(`vitalsign: ${url}: ${answer}`)
    process.exitCode = 1
    break
  }
  await sleep(pauseMilliseconds)
}

/** Undefined if it is ready, else why not. */
async function ask() {
  try {
    const heard = await fetch(url, { signal: AbortSignal.timeout(patienceMilliseconds) })
    const words = (await heard.text()).trim()
    return heard.status === 200 || words === 'not ready: signing' ? undefined : words
  } catch (error) {
    return error.cause?.message ?? error.message
  }
}
