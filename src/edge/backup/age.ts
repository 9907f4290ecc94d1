// SPDX-License-Identifier: Apache-2.0
/** Encryption to recipients in the age format. @see https://age-encryption.org/v1 */
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { Fault } from '#core/fault.ts'

/** Makes an identity, a secret of one line that opens what is encrypted to its recipient. */
export async function newIdentity(): Promise<{
  readonly identity: string
  readonly recipient: string
}> {
  const identity = await generateX25519Identity()
  return { identity, recipient: await identityToRecipient(identity) }
}

/** Whether the text is a recipient that can be encrypted to: X25519, or its post-quantum hybrid. */
export function isRecipient(text: string): boolean {
  try {
    new Encrypter().addRecipient(text)
    return true
  } catch {
    // Whatever its fault, a text that the library does not take is none.
    return false
  }
}

/**
 * Encrypts a stream to recipients; what is read of it is never more than some chunks ahead.
 *
 * @param recipients at least one, each as `isRecipient` admits
 */
export async function* encrypted(
  plain: AsyncIterable<Uint8Array>,
  recipients: readonly string[],
): AsyncGenerator<Uint8Array> {
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  yield* await encrypter.encrypt(ReadableStream.from(plain))
}

const firstLine = new TextEncoder().encode('age-encryption.org/v1\n')

/**
 * Decrypts a stream. Bytes are given out only after their chunk was authenticated; that the file was
 * whole is known only at the end.
 *
 * @param identityText lines of an identity file; empty lines and those that begin with `#` are passed over
 * @throws Fault `backup-format-unknown` if it is no age file, `backup-locked` if no identity opens it,
 *   `backup-damaged` if a byte was changed or it was cut short
 */
export async function* decrypted(
  sealed: AsyncIterable<Uint8Array>,
  identityText: string,
): AsyncGenerator<Uint8Array> {
  const decrypter = new Decrypter()
  for (const identity of identitiesIn(identityText)) decrypter.addIdentity(identity)
  const source = new Source(sealed)
  try {
    yield* await decrypter.decrypt(ReadableStream.from(source.chunks()))
  } catch (cause) {
    throw source.broken ?? faultOf(cause)
  }
}

/** @throws Fault `backup-locked` if there is none, or one that cannot be read */
function identitiesIn(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim())
  const identities = lines.filter((line) => line !== '' && !line.startsWith('#'))
  // Never the line itself: it is a secret, or next to one.
  if (identities.length === 0) throw new Fault('backup-locked', 'the identity file has no identity')
  for (const [index, identity] of identities.entries()) {
    try {
      new Decrypter().addIdentity(identity)
    } catch {
      throw new Fault('backup-locked', `identity ${index + 1} of the file is not an age identity`)
    }
  }
  return identities
}

/** The file's chunks, whose own break is told apart from what the bytes say. */
class Source {
  readonly #sealed: AsyncIterable<Uint8Array>
  broken: unknown

  constructor(sealed: AsyncIterable<Uint8Array>) {
    this.#sealed = sealed
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    let seen = 0
    try {
      for await (const chunk of this.#sealed) {
        for (let index = 0; seen + index < firstLine.length && index < chunk.length; index++) {
          if (chunk[index] !== firstLine[seen + index])
            throw new Fault('backup-format-unknown', 'the file is not encrypted with age')
        }
        seen += chunk.length
        yield chunk
      }
    } catch (cause) {
      this.broken = cause
      throw cause
    }
  }
}

function faultOf(cause: unknown): Fault {
  if (cause instanceof Fault) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  if (message.startsWith('no identity matched')) {
    const detail = 'the backup is encrypted for other recipients than this identity'
    return new Fault('backup-locked', detail, { cause })
  }
  return new Fault('backup-damaged', `the backup was changed or cut short: ${message}`, { cause })
}
