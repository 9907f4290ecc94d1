// SPDX-License-Identifier: Apache-2.0
/** What commands take that sign on the machine of an approver. */
import { keyAlgorithms } from '#trust/algorithms.ts'
import { cmsDigestFor } from '#trust/cms/digests.ts'
import { own } from './argument.ts'
import type { Command } from './commands.ts'

export const tokenArguments = [
  own('token', 'the key is in the PKCS #11 token with this label', {
    ...{ kind: 'text', placeholder: 'LABEL' },
  }),
  own('module', 'with --token: the PKCS #11 library of its maker', {
    ...{ kind: 'text', placeholder: 'FILE' },
  }),
  own('tokenSerial', 'with --token: its serial, where several have the label', {
    ...{ kind: 'text', placeholder: 'SERIAL' },
  }),
  own('passphraseFd', 'read the passphrase or PIN from this descriptor instead of asking', {
    ...{ kind: 'number', placeholder: 'N' },
  }),
]

export const approverKey = own(
  'approverKey',
  'your approver key, as "approver make-key" wrote it',
  {
    ...{ kind: 'text', required: true, placeholder: 'FILE' },
  },
)

/** Signers of CMS, but for small RSA keys. */
export const approverAlgorithms = Object.values(keyAlgorithms)
  .filter(({ signsWith, bits }) => signsWith !== null && cmsDigestFor(signsWith) && bits !== 2048)
  .map(({ name }) => name)

export const makeKeyCommand: Pick<Command, 'summary' | 'help' | 'arguments'> = {
  summary: 'make the key by which you will approve releases',
  help: 'On your own machine, and asks no server. FILE gets the key under a passphrase that you choose, or with --token only the certificate over a key that is made in the token and never leaves it. Each signature will ask for the passphrase or PIN anew. Then: "approver register".',
  arguments: [
    own('file', 'the new file, of mode 0600', {
      ...{ kind: 'text', how: 'position', required: true, placeholder: 'FILE' },
    }),
    own('printedName', 'your name as it shall stand in approvals', {
      ...{ kind: 'text', required: true, placeholder: 'NAME' },
    }),
    own('algorithm', 'the kind of key', {
      ...{ kind: 'choice', choices: approverAlgorithms, fallback: 'p-256', placeholder: 'WORD' },
    }),
    ...tokenArguments,
  ],
}
