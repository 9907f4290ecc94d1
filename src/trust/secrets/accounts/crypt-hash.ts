// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'
import { md5Crypt } from './crypt-md5.ts'
import { shaCrypt, usualRounds } from './crypt-sha.ts'
import { defaultPasswords } from './default-passwords.ts'

/** The hash of a password, as accounts and password files have it. */
export interface CryptHash {
  readonly scheme: string
  /** Whether a laptop tries millions a second. */
  readonly isWeak: boolean
  /** Whether its salt is long enough that nobody tries out passwords against a digest of the whole. */
  readonly isSalted: boolean
  /** What a password hashes to here; undefined: this form is not computed, or asks for too much work. */
  readonly recompute: ((password: string) => boolean) | undefined
}

interface Form extends Omit<CryptHash, 'recompute'> {
  readonly pattern: RegExp
  readonly recompute?: (parts: readonly string[], password: string) => string
}

const b64 = '[./0-9A-Za-z]'

/** @see crypt(5) of libxcrypt; mosquitto_passwd(1); Apache's htpasswd(1) */
const forms: readonly Form[] = [
  {
    ...{ scheme: 'MD5', isWeak: true, isSalted: true },
    pattern: new RegExp(`^(\\$1\\$|\\$apr1\\$)([^$:\\n]{0,8})\\$(${b64}{22})$`),
    recompute: ([magic = '', salt = ''], password) =>
      md5Crypt(password, salt, magic === '$1$' ? magic : '$apr1$'),
  },
  {
    ...{ scheme: 'SHA-256', isWeak: false, isSalted: true },
    pattern: new RegExp(`^\\$5\\$(?:rounds=(\\d+)\\$)?([^$:\\n]{0,16})\\$(${b64}{43})$`),
    recompute: ([rounds, salt = ''], password) =>
      shaCrypt(password, salt, 'sha256', workOf(rounds)),
  },
  {
    ...{ scheme: 'SHA-512', isWeak: false, isSalted: true },
    pattern: new RegExp(`^\\$6\\$(?:rounds=(\\d+)\\$)?([^$:\\n]{0,16})\\$(${b64}{86})$`),
    recompute: ([rounds, salt = ''], password) =>
      shaCrypt(password, salt, 'sha512', workOf(rounds)),
  },
  {
    ...{ scheme: 'bcrypt', isWeak: false, isSalted: true },
    pattern: new RegExp(`^\\$2[abxy]?\\$\\d\\d\\$${b64}{53}$`),
  },
  {
    ...{ scheme: 'yescrypt', isWeak: false, isSalted: true },
    pattern: new RegExp(`^\\$g?y\\$${b64}+\\$${b64}{4,86}\\$${b64}{43}$`),
  },
  {
    ...{ scheme: 'scrypt', isWeak: false, isSalted: true },
    pattern: new RegExp(`^\\$7\\$${b64}{11,97}\\$${b64}{43}$`),
  },
  {
    ...{ scheme: "mosquitto's SHA-512", isWeak: true, isSalted: true },
    pattern: /^\$6\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}==$/,
  },
  {
    ...{ scheme: "mosquitto's PBKDF2", isWeak: false, isSalted: true },
    pattern: /^\$7\$\d{2,7}\$[A-Za-z0-9+/]{16,90}={0,2}\$[A-Za-z0-9+/]{86}==$/,
  },
  {
    ...{ scheme: 'SHA-1 without a salt', isWeak: true, isSalted: false },
    pattern: /^\{SHA\}([A-Za-z0-9+/]{27}=)$/,
    recompute: (_, password) => hash('sha1', password, 'base64'),
  },
  {
    ...{ scheme: 'DES', isWeak: true, isSalted: false },
    pattern: new RegExp(`^${b64}{13}$`),
  },
]

/** The hash that this text is, or undefined. */
export function readCryptHash(text: string): CryptHash | undefined {
  for (const { pattern, recompute, ...form } of forms) {
    const parts = pattern.exec(text)?.slice(1)
    if (parts === undefined) continue
    const due = parts.at(-1)
    // Four times the usual work and no more: the scan shall end.
    const isCheap = !/rounds=/.test(text) || workOf(parts[0]) <= 4 * usualRounds
    return {
      ...form,
      recompute:
        recompute && isCheap ? (password) => recompute(parts, password) === due : undefined,
    }
  }
  return undefined
}

/** Drepper's step 21: at least 1,000. */
function workOf(rounds: string | undefined): number {
  return rounds === undefined ? usualRounds : Math.max(1_000, Number(rounds))
}

/** The default password that the hash is of, if it is of one; of slow forms the likeliest are tried. */
export function defaultPasswordOf(found: CryptHash, account: string): string | undefined {
  const { recompute } = found
  if (recompute === undefined) return undefined
  const list = found.isWeak ? defaultPasswords : defaultPasswords.slice(0, 20)
  return [account, ...list].find(recompute)
}
