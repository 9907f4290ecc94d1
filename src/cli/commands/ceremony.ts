// SPDX-License-Identifier: Apache-2.0
import { own } from './argument.ts'
import type { Command } from './commands.ts'
import { offline } from './offline-command.ts'

const script = own('script', 'the script of the ceremony', {
  ...{ kind: 'text', how: 'position', required: true, placeholder: 'SCRIPT' },
})
const out = own('out', 'where bundle, transcript and shares are written', {
  ...{ kind: 'text', required: true, placeholder: 'DIR' },
})
const rehearsal = own('rehearsal', 'for trial: everything says so, and counts nowhere else', {
  kind: 'boolean',
})
const answers = own('answers', 'of a rehearsal alone: a file that answers, one line a question', {
  ...{ kind: 'text', placeholder: 'FILE' },
})

/** Ceremonies: no server, no network, people at a terminal. */
export const ceremonyCommands: readonly Command[] = [
  offline('ceremony new-script', {
    summary: 'write a script to begin with',
    help: 'Two roots, the requests that are named, three custodians of whom two are needed, and a place for every name. Edit it, then check it. With --open it is one that opens a vault again.',
    arguments: [
      own('file', 'the new file', {
        ...{ kind: 'text', how: 'position', required: true, placeholder: 'FILE' },
      }),
      own('maker', 'who stands in the subject of each root', {
        ...{ kind: 'text', required: true, placeholder: 'TEXT' },
      }),
      own('publicUrl', "the server's public address, as it was founded with", {
        ...{ kind: 'text', required: true, placeholder: 'URL' },
      }),
      own('environment', 'trial, test or production (production)', {
        ...{ kind: 'choice', choices: ['trial', 'test', 'production'], fallback: 'production' },
        placeholder: 'WORD',
      }),
      own('request', 'a request file that lies beside it; may be said several times', {
        ...{ kind: 'list', placeholder: 'FILE' },
      }),
      own('needed', 'how many shares open the vault (2)', { kind: 'number', placeholder: 'N' }),
      own('of', 'how many shares there are (3)', { kind: 'number', placeholder: 'N' }),
      own('open', 'write one that opens a vault', { kind: 'boolean' }),
    ],
  }),
  offline('ceremony check', {
    summary: 'say what is wrong with a script',
    help: 'Each fault with its place and what to do. Shows the digest that is read aloud when it is held.',
    arguments: [script],
  }),
  offline('ceremony run', {
    summary: 'make roots with people, by a script',
    help: 'On a machine without network. Each step is shown, done, and confirmed by those whom the script names; shares of the vault go to its custodians. Nothing leaves the vault before the end; one that was cut off is begun anew.',
    arguments: [
      script,
      own('vault', 'an empty directory on a medium of its own', {
        ...{ kind: 'text', required: true, placeholder: 'DIR' },
      }),
      ...[out, rehearsal, answers],
    ],
  }),
  offline('ceremony open', {
    summary: 'open a vault again, by a script',
    help: 'With enough shares: for further authorities, revocation lists, links between roots, or new shares. Its transcript goes on from the last one.',
    arguments: [
      own('vault', 'the directory of the vault', {
        ...{ kind: 'text', how: 'position', required: true, placeholder: 'VAULT' },
      }),
      ...[script, out, rehearsal, answers],
    ],
  }),
  offline('ceremony verify', {
    summary: 'verify a bundle, believing nobody',
    help: 'Every signature, every digest, every line of the transcript. Compare the fingerprints with those that were written down.',
    arguments: [
      own('bundle', 'the bundle', {
        ...{ kind: 'text', how: 'position', required: true, placeholder: 'BUNDLE' },
      }),
      own('transcript', 'show the transcript, too', { kind: 'boolean' }),
    ],
  }),
]
