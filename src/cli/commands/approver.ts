// SPDX-License-Identifier: Apache-2.0
/** What commands take that sign on the machine of an approver. */
import { keyAlgorithms } from '#trust/algorithms.ts'
import { cmsDigestFor } from '#trust/cms/digests.ts'
import { own } from './argument.ts'
import type { OfflineWords } from './offline-command.ts'

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

export const makeKeyCommand: OfflineWords = {
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

export const verifyCommand: OfflineWords = {
  summary: 'check what people signed, without any server',
  help: 'Each FILE is a statement, and its signature stands beside it under the same name with .p7s: as "release approvals --output" wrote them. Says who signed what, when and with which meaning. The list of approvers is believed because the fingerprints in it were compared with the people: keep your own. Exit status 1: one of the files is not good, somebody refused, or too few people agreed.',
  arguments: [
    own('file', 'a statement', {
      ...{ kind: 'list', how: 'position', required: true, placeholder: 'FILE' },
    }),
    own('manifest', 'the text of the release', {
      ...{ kind: 'text', required: true, placeholder: 'FILE' },
    }),
    own('approvers', 'who may approve, with their keys', {
      ...{ kind: 'text', required: true, placeholder: 'FILE' },
    }),
    own('people', 'how many people have to have agreed', {
      ...{ kind: 'number', fallback: 1, placeholder: 'N' },
    }),
  ],
}

/** What is made here of the key, and never said. */
export const madeHere = [
  { name: 'statement', required: false, how: 'secret' },
  { name: 'signature', required: false, how: 'secret' },
] as const

export const signingArguments = [
  approverKey,
  own('meaning', 'what your signature means; asked for if it is not said', {
    ...{ kind: 'text', placeholder: 'TEXT' },
  }),
  own('yes', 'sign without being asked once more', { kind: 'boolean' }),
  ...tokenArguments,
]

export const emergencyArguments = [
  own('incident', 'in an emergency: the incident that cannot wait, as your records name it', {
    ...{ kind: 'text', placeholder: 'REFERENCE' },
  }),
  own('because', 'with --incident: why waiting for others would harm more', {
    ...{ kind: 'text', placeholder: 'TEXT' },
  }),
  own('until', 'with --incident: until when it may be signed on your approval alone', {
    ...{ kind: 'text', placeholder: 'TIME' },
  }),
]
