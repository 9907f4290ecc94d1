// SPDX-License-Identifier: Apache-2.0
/**
 * The limit of signing by a token: a process that has the module and does nothing but sign one digest over and
 * over, in place and in eight sessions on threads.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type * as pkcs11js from 'pkcs11js'

interface Opening {
  readonly module: string
  readonly pin: string
  readonly keyId: string
}

/** Signatures per second, and what one costs in place, in microseconds of the processor. */
export interface BareRates {
  readonly inPlace: number
  readonly onThreads: number
  readonly cpu: number
}

export class BareToken {
  readonly #process: ChildProcess

  constructor(process: ChildProcess) {
    this.#process = process
  }

  static async open(opening: Opening): Promise<BareToken> {
    const env = { ...process.env, UV_THREADPOOL_SIZE: String(sessions) }
    const child = fork(import.meta.filename, { env })
    child.send(opening)
    await once(child, 'message')
    return new BareToken(child)
  }

  async measure(count: number): Promise<BareRates> {
    this.#process.send(count)
    const [rates] = await once(this.#process, 'message')
    return rates
  }

  close(): void {
    this.#process.disconnect()
  }
}

const sessions = 8
const digest = Buffer.alloc(32, 1)

function openKey({ module: path, pin, keyId }: Opening) {
  const library: typeof pkcs11js = createRequire(import.meta.url)('pkcs11js')
  const module = new library.PKCS11()
  module.load(path)
  module.C_Initialize({ flags: library.CKF_OS_LOCKING_OK })
  const [slot] = module.C_GetSlotList(true)
  if (slot === undefined) throw new Error('there is no token')
  const open = () => module.C_OpenSession(slot, library.CKF_SERIAL_SESSION)
  const first = open()
  module.C_Login(first, library.CKU_USER, pin)
  module.C_FindObjectsInit(first, [
    { type: library.CKA_CLASS, value: library.CKO_PRIVATE_KEY },
    { type: library.CKA_ID, value: Buffer.from(keyId) },
  ])
  const [key] = module.C_FindObjects(first, 1)
  module.C_FindObjectsFinal(first)
  if (key === undefined) throw new Error('there is no key')
  const how = { mechanism: library.CKM_ECDSA }
  return { module, key, how, handles: [first, ...Array.from({ length: sessions - 1 }, open)] }
}

async function serve(opening: Opening): Promise<void> {
  const { module, key, how, handles } = openKey(opening)
  const [first] = handles
  if (first === undefined) throw new Error('there is no session')
  process.on('message', async (count: number) => {
    const [start, used] = [performance.now(), process.cpuUsage()]
    for (let index = 0; index < count; index++) {
      module.C_SignInit(first, how, key)
      module.C_Sign(first, digest, Buffer.alloc(64))
    }
    const between = performance.now()
    const { user, system } = process.cpuUsage(used)
    let left = count
    await Promise.all(
      handles.map(async (session) => {
        while (left-- > 0) {
          module.C_SignInit(session, how, key)
          await module.C_SignAsync(session, digest, Buffer.alloc(64))
        }
      }),
    )
    const rate = (milliseconds: number) => (count * 1000) / milliseconds
    const end = performance.now()
    process.send?.({
      ...{ inPlace: rate(between - start), onThreads: rate(end - between) },
      cpu: (user + system) / count,
    } satisfies BareRates)
  })
  process.send?.('open')
}

if (import.meta.main && process.send !== undefined) {
  const [opening] = await once(process, 'message')
  await serve(opening)
}
