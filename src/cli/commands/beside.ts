// SPDX-License-Identifier: Apache-2.0
/** What the command line adds to the rows of the operations table. */
import type { OperationKind } from '#format/admin/operation.ts'
import type { OperationName } from '#format/admin/operations.ts'
import {
  approverKey,
  emergencyArguments,
  madeHere,
  signingArguments,
  tokenArguments,
} from './approver.ts'
import { type Argument, own } from './argument.ts'

export interface Beside {
  /** What a command takes beside the inputs of its operation. */
  readonly arguments?: readonly Argument[]
  /** What it does besides, in whole sentences. */
  readonly help?: string
  /** Inputs that it takes otherwise: because it can ask the person, or knows better. */
  readonly otherwise?: readonly (Partial<Argument> & Pick<Argument, 'name'>)[]
}

const output = own('output', 'write to this file instead of standard output', {
  kind: 'text',
  placeholder: 'FILE',
})

export const besideKind: Partial<Record<OperationKind, Beside>> = {
  list: { arguments: [own('all', 'all of them, page by page', { kind: 'boolean' })] },
  lines: { arguments: [output] },
  octets: { arguments: [output] },
  append: {
    arguments: [
      own('file', 'the file with the octets, or - for standard input', {
        kind: 'text',
        how: 'position',
        required: true,
      }),
    ],
  },
  upload: {
    arguments: [
      own('file', 'the file, or - for standard input', {
        kind: 'text',
        how: 'position',
        required: true,
      }),
    ],
  },
}

export const besideOperation: Partial<Record<OperationName, Beside>> = {
  'approver.register': {
    help: 'Asks for the passphrase or PIN of the key, and then for that of your account; where nobody can be asked they are two lines of standard input.',
    arguments: [
      approverKey,
      own('role', 'the role in which you approve, as the signing policy calls it', {
        ...{ kind: 'text', required: true, placeholder: 'ROLE' },
      }),
      own('printedName', 'your name in approvals, if another than in the certificate', {
        ...{ kind: 'text', placeholder: 'NAME' },
      }),
      ...tokenArguments,
    ],
    otherwise: [
      { name: 'name', required: true, help: 'your account here' },
      ...madeHere,
      {
        ...{ name: 'chain', required: false, kind: 'text', placeholder: 'FILE' },
        help: 'certificates over your key that somebody else made, its own first (PEM)',
      },
    ],
  },
  'artefact.upload': {
    help: 'FILE is read twice: its digest comes first. A transfer that is cut off goes on by itself, also of a command that is said again.',
    arguments: [
      own('file', 'the file', {
        kind: 'text',
        how: 'position',
        required: true,
        placeholder: 'FILE',
      }),
    ],
    otherwise: [
      { name: 'name', required: false },
      { name: 'octets', required: false },
      { name: 'sha256', required: false },
    ],
  },
  'authority.export': { arguments: [output] },
  'authority.import': {
    help: 'Every part can come from the directory of openssl ca or easy-rsa. The passphrase of a sealed key is asked for, or read as a line of standard input.',
    arguments: [
      own('chain', 'a file with the certificates above it, up to the root (PEM)', {
        kind: 'text',
        placeholder: 'FILE',
      }),
      own('opensslCa', 'the directory in which openssl ca or easy-rsa keeps it', {
        kind: 'text',
        placeholder: 'DIR',
      }),
    ],
    otherwise: [
      { name: 'certificate', required: false },
      { name: 'key', required: false },
    ],
  },
  'authority.request': { arguments: [output] },
  'ceremony.export': { arguments: [output] },
  'certificate.export': { arguments: [output] },
  'signing-key.export-anchors': {
    help: 'Several files go into the directory that --output names.',
    arguments: [output],
  },
  'certificate.find': {
    help: 'The file may be PEM or DER. Its first certificate alone is sent: a key beside it stays here.',
  },
  'certificate.import': {
    help: 'FILE may be the directory of openssl ca or easy-rsa: then its index is read, and each line of it is a row.',
  },
  claim: {
    help: 'Asks for what is not given. The passphrase is never an argument.',
    otherwise: [{ name: 'name', required: false }],
  },
  'device.add': {
    help: 'Makes the code at once and prints the lines to paste on the device, with address and root filled in.',
    arguments: [
      own('watch', 'stay until the device is here', { kind: 'boolean' }),
      own('hours', 'how many hours its code is good, up to 720 (24)', {
        kind: 'number',
        placeholder: 'N',
      }),
      own('noCode', 'make no code: it comes with a birth certificate', { kind: 'boolean' }),
    ],
  },
  doctor: {
    help: 'With --tls it looks at what a TLS server offers, whoever runs it: from outside, by its handshakes alone; it sends no request and shows no certificate. A server of ours that runs on --data says which roots it should lead to.',
    arguments: [
      own('tls', 'look at this TLS server instead, as a client sees it', {
        kind: 'text',
        placeholder: 'HOST:PORT',
      }),
      own('roots', 'with --tls: the roots that it should lead to (PEM)', {
        kind: 'text',
        placeholder: 'FILE',
      }),
      own('serverName', 'with --tls: the name to ask for, if another than HOST', {
        kind: 'text',
        placeholder: 'NAME',
      }),
    ],
  },
  explain: {
    help: 'Works without a server. Without a word it lists all of them.',
    // Words such as `birth identity` need no quotes.
    otherwise: [{ name: 'word', required: false, kind: 'list' }],
  },
  'log.verify': {
    help: 'With a file it needs no server and believes none.',
    arguments: [
      own('file', 'an exported log, verified here without any server; - for standard input', {
        kind: 'text',
        how: 'position',
      }),
      own('key', "a file with the log's key, known from elsewhere", {
        kind: 'text',
        placeholder: 'FILE',
      }),
    ],
  },
  'qualify.check': {
    help: 'With --log-key it needs no server and believes none.',
    arguments: [
      own('logKey', "a file with the log's key, known from elsewhere", {
        kind: 'text',
        placeholder: 'FILE',
      }),
    ],
  },
  'release.attach': {
    help: 'With --file it uploads the octets first; else --sha256 says which of those that are here.',
    arguments: [
      own('file', 'the file with the octets', { kind: 'text', placeholder: 'FILE' }),
      own('digestOnly', 'leave the file where it is, and attach its digest', { kind: 'boolean' }),
    ],
    otherwise: [
      { name: 'name', required: false },
      { name: 'sha256', required: false },
    ],
  },
  'report.credentials': {
    arguments: [
      output,
      own('form', 'how it is written', {
        kind: 'choice',
        choices: ['text', 'markdown', 'csv'],
        fallback: 'text',
        placeholder: 'WORD',
      }),
    ],
  },
  'release.approvals': {
    help: 'With --output it writes them as files.',
    arguments: [
      own('output', 'write files into this directory', { kind: 'text', placeholder: 'DIR' }),
    ],
  },
  'release.approve': {
    help: 'With --incident it is an emergency: your approval alone does until the time that you say, as an exception, and others review it afterwards.',
    arguments: [...signingArguments, ...emergencyArguments],
    otherwise: madeHere,
  },
  'release.refuse': { arguments: signingArguments, otherwise: madeHere },
  'release.review-emergency': { arguments: signingArguments, otherwise: madeHere },
  'signing-policy.show': {
    help: 'With --output it writes the document alone, ready to edit and set.',
    arguments: [
      own('output', 'write the document to this file', { kind: 'text', placeholder: 'FILE' }),
    ],
  },
  'signing-plan.show': {
    help: 'With --output it writes the plan alone, ready to edit and apply.',
    arguments: [
      own('output', 'write the plan to this file', { kind: 'text', placeholder: 'FILE' }),
    ],
  },
  'profile.show': {
    help: 'With --output it writes the document alone, ready to edit and check.',
    arguments: [
      own('output', 'write the document to this file', { kind: 'text', placeholder: 'FILE' }),
    ],
  },
}
