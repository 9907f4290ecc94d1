// SPDX-License-Identifier: Apache-2.0
import './own-modules.ts'

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Power may fail at any step, so a signal may end at any step too.
  process.once(signal, () => process.exit(signal === 'SIGTERM' ? 0 : 130))
}
const { main } = await import('#device/command/main.ts')
process.exitCode = await main(process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  error: (line) => process.stderr.write(`${line}\n`),
})
