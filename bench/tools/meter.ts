// SPDX-License-Identifier: Apache-2.0
/** What a stretch of work took: a machine that others share tells more by processor time than by the clock. */
export interface Spent {
  readonly seconds: number
  /** Processor time of the whole process, and of the calling thread alone, in microseconds. */
  readonly cpu: number
  readonly ownCpu: number
}

export async function meter(work: () => Promise<unknown>): Promise<Spent> {
  const [all, own] = [process.cpuUsage(), process.threadCpuUsage()]
  const start = performance.now()
  await work()
  const seconds = (performance.now() - start) / 1_000
  return {
    seconds,
    cpu: sum(process.cpuUsage(all)),
    ownCpu: sum(process.threadCpuUsage(own)),
  }
}

/** Runs `work(0)` to `work(count - 1)`, so many at a time. */
export async function atOnce(
  clients: number,
  count: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const one = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: clients }, one))
}

function sum({ user, system }: { readonly user: number; readonly system: number }): number {
  return user + system
}
