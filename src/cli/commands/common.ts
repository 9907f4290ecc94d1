// SPDX-License-Identifier: Apache-2.0
import { type Argument, own } from './argument.ts'

/**
 * What every command takes: how the answer looks, and where it is asked.
 *
 * `server` and `key` are names of inputs too (of a mail server, of an authority's key): the names here
 * are others, the flags are not.
 */
export const commonArguments: readonly Argument[] = [
  own('json', 'answer in JSON, for programs; streams are one document a line', { kind: 'boolean' }),
  own('data', 'the data directory of an installation on this machine (./data)', {
    kind: 'text',
    placeholder: 'DIR',
  }),
  own('remoteServer', 'an installation elsewhere: its address for devices and machines', {
    kind: 'text',
    flag: 'server',
    placeholder: 'https://HOST:PORT',
  }),
  own('cert', 'with --server: the client certificate of this machine (PEM)', {
    kind: 'text',
    placeholder: 'FILE',
  }),
  own('remoteKey', 'with --server: its key (PEM)', {
    kind: 'text',
    flag: 'key',
    placeholder: 'FILE',
  }),
  own('idToken', 'with --server: or the ID token of a job of a service that runs builds', {
    kind: 'text',
    flag: 'id-token',
    placeholder: 'FILE',
  }),
  own('root', "with --server: SHA-256 of the root to trust, as the server's start printed it", {
    kind: 'text',
    placeholder: 'FINGERPRINT',
  }),
  own('ca', 'with --server: or the root itself (PEM)', { kind: 'text', placeholder: 'FILE' }),
  own('help', 'say what a command does and takes', { kind: 'boolean' }),
]
