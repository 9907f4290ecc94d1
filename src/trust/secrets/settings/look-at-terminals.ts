// SPDX-License-Identifier: Apache-2.0
import { placeIdentity } from '../identity.ts'
import type { Surroundings, Tell, WholeLook } from '../sight.ts'

const terminal = /^(?:console|(?:tty|pts\/|vc\/|hvc|lxc\/|ttyS|xvc|duart|3215|ptyp|:\d)[\w./:-]*)$/

export const lookAtTerminals: WholeLook = {
  cues: Array.from({ length: 10 }, (_, first) => ({
    octets: new TextEncoder().encode(`pts/${first}`),
  })),
  look: lookAtNames,
}

/** securetty(5): a file of names of terminals and nothing else; those of the network are called pts. */
function lookAtNames(file: Surroundings, tell: Tell): void {
  if (!file.isWhole || file.head.length > 16_384 || !file.isText) return
  const { text } = file
  const pts = /^pts\/\d+$/m.exec(text)
  if (pts === null || !/^(?:console|tty\w+)$/m.test(text)) return
  const lines = text.split('\n').map((line) => line.trim())
  if (!lines.every((line) => line === '' || line.startsWith('#') || terminal.test(line))) return
  tell.found({
    ...{ rule: 'root-terminal-network', confidence: 'likely', offset: pts.index },
    what: `securetty lets root log in at ${pts[0]}, a terminal of the network`,
    identity: placeIdentity('root-terminal-network', file.name),
  })
}
