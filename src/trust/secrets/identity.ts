// SPDX-License-Identifier: Apache-2.0
import { hash } from 'node:crypto'

/**
 * The same for the same secret wherever it lies: a digest over a value that nobody can try out, that is a public key's
 * fingerprint, a token of over 100 bits or a public value.
 */
export function identityOf(rule: string, ...values: readonly (string | Uint8Array)[]): string {
  const parts = [rule, ...values].map((value) =>
    typeof value === 'string' ? value : value.toHex(),
  )
  return hash('sha256', parts.join('\0'), 'hex')
}

/**
 * For a secret that people choose: a digest of it could be tried out by whoever reads a report, so it is told by its
 * place alone. What is accepted at a place stays accepted when the password changes.
 */
export function placeIdentity(rule: string, name: string, ...context: readonly string[]): string {
  return identityOf(rule, 'at', name, ...context)
}
