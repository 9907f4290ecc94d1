// SPDX-License-Identifier: Apache-2.0
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

/** What a figure depends on, without saying whose machine it is. */
export function machineFacts() {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 1e9),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    openssl: process.versions.openssl ?? 'unknown',
    sqlite: process.versions.sqlite ?? 'unknown',
    /** Above the number of cores, others were at work too. */
    loadAverage: loadavg().map((load) => Number(load.toFixed(2))),
  }
}
