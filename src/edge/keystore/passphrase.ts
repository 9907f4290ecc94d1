// SPDX-License-Identifier: Apache-2.0
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '#core/fault.ts'
import type { Randomness } from '#core/ports.ts'
import { writeNewFile } from './atomic-file.ts'

/** What unlocks the keys; it shows itself to nobody, not even by a careless log line. */
export class Passphrase {
  readonly #bytes: Uint8Array

  /** @throws Fault `key-locked` if the text is empty */
  constructor(text: string) {
    if (text === '') throw new Fault('key-locked', 'the passphrase is empty')
    // RFC 8265 section 4.2: the same characters, however the keyboard composed them.
    this.#bytes = new TextEncoder().encode(text.normalize('NFC'))
  }

  /** For the key derivation alone. */
  dangerouslyReveal(): Uint8Array {
    return this.#bytes
  }

  toJSON(): string {
    return '(passphrase)'
  }
}

export type PassphraseSource =
  /** A file that its owner alone may read; one line end after the passphrase is no part of it. */
  | { readonly kind: 'file'; readonly path: string }
  /** A systemd credential: `directory` is what the service manager names in CREDENTIALS_DIRECTORY. */
  | { readonly kind: 'credential'; readonly directory: string; readonly name: string }
  | { readonly kind: 'prompt'; readonly ask: () => Promise<string> }

/** @throws Fault `key-locked` if the source gives no passphrase, or others may read the file */
export async function readPassphrase(source: PassphraseSource): Promise<Passphrase> {
  switch (source.kind) {
    case 'prompt':
      return new Passphrase(await source.ask())
    case 'credential':
      return new Passphrase(await readSecretLine(join(source.directory, source.name)))
    case 'file':
      await checkPrivate(source.path)
      return new Passphrase(await readSecretLine(source.path))
  }
}

/**
 * Writes a fresh random passphrase (256 bits) to a file of mode 0600, for installations that have
 * nobody to type one. Never replaces a file that is there.
 */
export async function makeUnlockFile(path: string, random: Randomness): Promise<void> {
  const text = `${random.bytes(32).toBase64({ alphabet: 'base64url', omitPadding: true })}\n`
  await writeNewFile(path, new TextEncoder().encode(text), random)
}

async function checkPrivate(path: string): Promise<void> {
  const { mode } = await stat(path).catch(unreadable(path))
  if ((mode & 0o077) !== 0)
    throw new Fault(
      'key-locked',
      `${path} has mode ${(mode & 0o777).toString(8)}, others must not read a passphrase: chmod 600`,
    )
}

async function readSecretLine(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(unreadable(path))
  return text.replace(/\r?\n$/, '')
}

function unreadable(path: string) {
  return (cause: unknown): never => {
    throw new Fault('key-locked', `cannot read the passphrase from ${path}`, { cause })
  }
}
