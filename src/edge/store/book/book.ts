// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads'
import { Fault } from '#core/fault.ts'
import type { LogAct } from './log-acts.ts'
import type { BookReply, BookRequest, BookSettings, ThreadData, ToldFault } from './messages.ts'
import { Packer, type Step, type Written } from './packing.ts'

interface Waiter<T> {
  readonly resolve: (result: T) => void
  readonly reject: (fault: Fault) => void
}

/** A busy turn does not keep the thread waiting for its end. */
const maxChangesPacked = 64

/**
 * The caller's side of the book thread.
 *
 * What is asked within one turn of the event loop travels as one message. The thread answers in
 * the order of asking; the process stays alive while an answer is due.
 */
export class Book {
  readonly #thread: Worker
  readonly #packer = new Packer()
  readonly #changes: Waiter<Written>[] = []
  readonly #acts: Waiter<number | boolean | undefined>[] = []
  #packed = 0
  #state: 'open' | 'closing' | Fault = 'open'
  #beforeTelling = () => {}
  #opened: Waiter<void> | undefined
  #closed: Waiter<void> | undefined
  readonly #broken = Promise.withResolvers<Fault>()

  private constructor(data: ThreadData) {
    this.#thread = new Worker(new URL('book-thread.ts', import.meta.url), { workerData: data })
    this.#thread.on('message', (reply: BookReply) => this.#hear(reply))
    this.#thread.on('error', (cause) =>
      this.#end(new Fault('store-unreachable', 'the book thread broke', { cause })),
    )
    this.#thread.on('exit', () => this.#end(closed()))
  }

  /** @throws Fault 'schema-newer', 'ledger-damaged', 'store-full' or 'store-unreachable' */
  static open(file: string, settings: BookSettings): Promise<Book> {
    const book = new Book({ file, settings })
    return new Promise((resolve, reject) => {
      book.#opened = { resolve: () => resolve(book), reject }
    })
  }

  /** What is to be done whenever the thread has answered, before anybody hears of it. */
  beforeTelling(work: () => void): void {
    this.#beforeTelling = work
  }

  /** Writes the steps as one change. Rejects with a Fault; then nothing of it is written. */
  write(steps: readonly Step[]): Promise<Written> {
    return new Promise((resolve, reject) => {
      if (this.#refusesNow(reject)) return
      this.#packer.add(steps)
      this.#changes.push({ resolve, reject })
      if (this.#packed++ === 0) setImmediate(() => this.#post())
      if (this.#packed === maxChangesPacked) this.#post()
      this.#holdProcess()
    })
  }

  /** Does one act of the log, after all changes asked before it. Rejects like `write`. */
  act(act: LogAct): Promise<number | boolean | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#refusesNow(reject)) return
      this.#post()
      this.#send({ kind: 'act', act })
      this.#acts.push({ resolve, reject })
      this.#holdProcess()
    })
  }

  /**
   * Takes nothing more from now on; ends the thread after all that was asked, and after the
   * readers have ended, so that the last connection takes the WAL into the database.
   */
  async close(readers: () => Promise<void>): Promise<void> {
    if (this.#state !== 'open') return readers()
    this.#post()
    this.#state = 'closing'
    await readers()
    await new Promise<void>((resolve, reject) => {
      this.#closed = { resolve, reject }
      this.#send({ kind: 'close' })
      this.#holdProcess()
    })
    await this.#thread.terminate()
  }

  #post() {
    if (this.#packed === 0) return
    this.#packed = 0
    const packed = this.#packer.take()
    this.#thread.postMessage({ kind: 'changes', packed } satisfies BookRequest, [packed])
  }

  #send(request: BookRequest) {
    this.#thread.postMessage(request)
  }

  #hear(reply: BookReply) {
    this.#beforeTelling()
    if (reply.kind === 'ready') this.#opened?.resolve()
    else if (reply.kind === 'written') this.#settle(reply.count, reply.conflicts)
    else if (reply.kind === 'done') this.#acts.shift()?.resolve(reply.result)
    else if (reply.kind === 'changes-broken')
      for (const waiter of this.#changes.splice(0, reply.count)) waiter.reject(heard(reply.fault))
    else if (reply.kind === 'act-broken') this.#acts.shift()?.reject(heard(reply.fault))
    else if (reply.kind === 'start-broken') this.#end(heard(reply.fault))
    else this.#closed?.resolve()
    this.#holdProcess()
  }

  #settle(count: number, conflicts: readonly (number | string)[]) {
    const settled = this.#changes.splice(0, count)
    let at = 0
    for (let place = 0; place < settled.length; place++) {
      if (conflicts[at] !== place) settled[place]!.resolve(null)
      else {
        const rule = String(conflicts[at + 2])
        settled[place]!.resolve({ step: Number(conflicts[at + 1]), rule })
        at += 3
      }
    }
  }

  #refusesNow(reject: (fault: Fault) => void): boolean {
    if (this.#state === 'open') return false
    reject(this.#state === 'closing' ? closed() : this.#state)
    return true
  }

  /** Resolves if the thread ends unasked: nothing more can be booked by this process. */
  get broken(): Promise<Fault> {
    return this.#broken.promise
  }

  /** After this nothing is written any more: everybody who waits, or comes, hears the fault. */
  #end(fault: Fault) {
    if (this.#state instanceof Fault) return
    if (this.#state === 'open') this.#broken.resolve(fault)
    this.#state = fault
    for (const waiter of this.#changes.splice(0)) waiter.reject(fault)
    for (const waiter of this.#acts.splice(0)) waiter.reject(fault)
    this.#opened?.reject(fault)
    this.#closed?.resolve()
  }

  #holdProcess() {
    const due = this.#changes.length + this.#acts.length > 0
    if (due || this.#state === 'closing') this.#thread.ref()
    else this.#thread.unref()
  }
}

function heard(fault: ToldFault): Fault {
  return new Fault(fault.code, fault.message)
}

function closed(): Fault {
  return new Fault('store-unreachable', 'the store is closed')
}
