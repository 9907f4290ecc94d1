// SPDX-License-Identifier: Apache-2.0
import { identityOf, placeIdentity } from '../identity.ts'
import { type Line, lineAround } from '../line.ts'
import { type Look, type Sight, type Surroundings, type Tell, textOf } from '../sight.ts'
import { defaultPasswordOf, readCryptHash } from './crypt-hash.ts'

/** By what stands before the hash in a line of an account, wherever the line stands. */
const beginnings = [
  ...[':$1$', ':$2a$', ':$2b$', ':$2y$', ':$5$', ':$6$', ':$7$', ':$y$', ':$gy$'],
  ...[':$apr1$', ':{SHA}', 'root::'],
]

export const lookForAccounts: readonly Look[] = beginnings.map((text) => ({
  octets: new TextEncoder().encode(text),
  look: (sight: Sight, tell: Tell) => lookAtLine(lineAround(sight), sight.file, tell),
}))

/** A name, and what stands where its password does; in a script or a program the line may stand in quotes. */
const account = /(?:^|["'\s])([A-Za-z_][\w.@-]{0,63}):([^:\s"']*)(?=[:"'\s]|$)/

/** Of passwd(5) seven fields, of shadow(5) nine. */
const passwd = /^[A-Za-z_][\w.-]{0,31}\$?:[^:\n]*:\d+:\d+:[^:\n]*:[^:\n]*:[^:\n]*$/
const shadow = /^[A-Za-z_][\w.-]{0,31}\$?:[^:\n]*:\d*:\d*:\d*:\d*:\d*:\d*:\d*$/

/** A file of accounts as a whole, where also those are seen that need no password or have an old hash. */
export function lookAtAccountFile(file: Surroundings, tell: Tell): void {
  const { head, isWhole } = file
  // The name of an account ends within 33 octets, which few files are like.
  if (!isWhole || head.subarray(0, 34).indexOf(0x3a) < 1 || !file.isText) return
  const first = textOf(head.subarray(0, head.indexOf(0x0a))).trimEnd()
  if (!passwd.test(first) && !shadow.test(first)) return
  let offset = 0
  for (const line of file.text.split('\n')) {
    lookAtLine({ text: line.trimEnd(), offset }, file, tell)
    offset += line.length + 1
  }
}

function lookAtLine(line: Pick<Line, 'text' | 'offset'>, file: Surroundings, tell: Tell): void {
  if (!tell.spend(1)) return
  const { text, offset } = line
  const [, name, password] = account.exec(text) ?? []
  if (name === undefined || password === undefined) return
  if (password === '') {
    // Without the other fields two colons are anything.
    if (!passwd.test(text) && !shadow.test(text)) return
    tell.found({
      ...{ rule: 'password-empty', confidence: 'certain', offset },
      what: `the account ${name} has an empty password`,
      identity: placeIdentity('password-empty', file.name, name),
    })
    return
  }
  const found = readCryptHash(password)
  if (found === undefined) return
  // 13 characters are the form of DES and of much else.
  if (found.scheme === 'DES' && !passwd.test(text) && !shadow.test(text)) return
  const isDefault = tell.guess() && defaultPasswordOf(found, name)
  const rule =
    isDefault !== undefined && isDefault !== false
      ? 'password-default'
      : found.isWeak
        ? 'password-hash-weak'
        : 'password-hash'
  const which = rule === 'password-default' ? wordFor(`${isDefault}`, name) : ''
  tell.found({
    ...{ rule, confidence: 'certain', offset },
    what: `the password of the account ${name}, hashed with ${found.scheme}${which}`,
    identity: found.isSalted
      ? identityOf(rule, name, password)
      : placeIdentity(rule, file.name, name),
  })
}

/** A default is no secret, and who reads the report has to know which it was. */
function wordFor(password: string, name: string): string {
  if (password === '') return ', is empty'
  return password === name ? ', is its own name' : `, is the default '${password}'`
}
