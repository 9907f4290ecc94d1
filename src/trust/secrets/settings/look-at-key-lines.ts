// SPDX-License-Identifier: Apache-2.0
import { FormatError } from '#format/format-error.ts'
import { identityOf } from '../identity.ts'
import { readSshPublicKey } from '../keys/ssh-public.ts'
import type { Surroundings, Tell, WholeLook } from '../sight.ts'

/** A line of authorized_keys, sshd(8): options, type, blob, comment. */
const keyLine =
  /^(?<options>[a-zA-Z-]+(?:="[^"]*")?(?:,[a-zA-Z-]+(?:="[^"]*")?)* )?(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-nistp\d+|sk-[\w@.-]+) (?<blob>AAAA[A-Za-z0-9+/]{40,6000}={0,2})(?: .*)?$/

/** What stands before each key, and what its base64 begins with. */
const cue = new TextEncoder().encode(' AAAA')

export const lookAtKeyLines: WholeLook = { cues: [{ octets: cue }], look: lookAtLines }

/**
 * A file that consists of keys that may log in. A public key alone has the same form, so either its options tell that
 * somebody lets it in, or a name that SSH looks under.
 */
function lookAtLines(file: Surroundings, tell: Tell): void {
  if (!file.isWhole || file.head.length > 32_768 || !file.isText) return
  const { text } = file
  const lines = [...text.matchAll(/^(?!\s*(?:#|$)).+$/gm)]
  const keys = lines.map((line) => ({ offset: line.index, match: keyLine.exec(line[0].trim()) }))
  if (keys.length === 0 || keys.some(({ match }) => match === null)) return
  const isLookedUnder = /authorized[_-]?keys2?$/.test(file.name)
  for (const { offset, match } of keys) {
    const { options, blob = '' } = match?.groups ?? {}
    if (!isLookedUnder && options === undefined) continue
    const half = halfOf(blob)
    tell.found({
      ...{ rule: 'authorized-key', confidence: isLookedUnder ? 'certain' : 'likely', offset },
      what: `${half?.algorithm ?? 'a'} key that may log in by SSH`,
      identity: identityOf('authorized-key', half?.fingerprint ?? blob),
      ...(half === undefined ? {} : { key: half.fingerprint }),
    })
  }
}

function halfOf(blob: string) {
  try {
    return readSshPublicKey(Uint8Array.fromBase64(blob))
  } catch (error) {
    if (error instanceof FormatError || error instanceof SyntaxError) return undefined
    throw error
  }
}
