// SPDX-License-Identifier: Apache-2.0
/** Preloaded into a process: when it ends, the address of every module that it loaded stands in the file of LOADED_MODULES. */
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const loaded = []
registerHooks({
  load(url, context, next) {
    loaded.push(url)
    return next(url, context)
  },
})
process.on('exit', () => writeFileSync(process.env.LOADED_MODULES, loaded.join('\n')))
