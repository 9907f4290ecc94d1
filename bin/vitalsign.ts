// SPDX-License-Identifier: Apache-2.0
/** `vitalsign serve` runs the server; everything else is the operator's hand. */
import './own-modules.ts'

const [verb, ...words] = process.argv.slice(2)

if (verb === 'serve') {
  const { serve } = await import('#house/serve.ts')
  await serve(words)
} else {
  const { runCommand } = await import('#house/command.ts')
  await runCommand(process.argv.slice(2))
}
