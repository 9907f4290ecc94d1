// SPDX-License-Identifier: Apache-2.0

import { artefactFormNames } from '#trust/artefact/form-names.ts'
import { signerPurposes } from '#trust/artefact/signer-purpose.ts'
import { environments } from '#trust/environment-mark.ts'
import { own } from './argument.ts'
import type { Command } from './commands.ts'
import { offline } from './offline-command.ts'

const file = own('file', 'the file', {
  ...{ kind: 'text', how: 'position', required: true, placeholder: 'FILE' },
})
const form = own('form', 'its form, where what is in it does not say', {
  ...{ kind: 'choice', choices: artefactFormNames, placeholder: 'FORM' },
})
const beside = own('beside', 'of a signature that stands beside what it signs: what was signed', {
  ...{ kind: 'text', placeholder: 'FILE' },
})

/** What a device has and asks, said one by one. */
const trust = [
  own('deviceKey', 'a public key that the device knows', {
    ...{ kind: 'list', flag: 'key', placeholder: 'FILE' },
  }),
  own('deviceRoots', 'the roots that the device has (PEM)', {
    ...{ kind: 'list', flag: 'roots', placeholder: 'FILE' },
  }),
  own('purpose', 'what the certificate of the signer has to be for', {
    ...{ kind: 'choice', choices: signerPurposes, fallback: 'email-and-code' },
    placeholder: 'WORD',
  }),
  own('environment', 'where the device is', {
    ...{ kind: 'choice', choices: environments, fallback: 'production', placeholder: 'WORD' },
  }),
  own('counter', 'the security version at which the counter of the device stands', {
    ...{ kind: 'number', placeholder: 'N' },
  }),
  own('at', 'the clock of the device (now)', { kind: 'text', placeholder: 'TIME' }),
  own('noClock', 'the device has no clock that it believes', { kind: 'boolean' }),
  own('seen', 'the latest time that the device has seen', { kind: 'text', placeholder: 'TIME' }),
  own('status', 'the status file that the device holds', {
    ...{ kind: 'text', placeholder: 'FILE' },
  }),
  own('crl', 'a revocation list that the device holds', {
    ...{ kind: 'list', placeholder: 'FILE' },
  }),
  own('unknownStatus', 'with --status or --crl: what is done where neither knows the signer', {
    ...{ kind: 'choice', choices: ['refuse', 'accept'], fallback: 'refuse', placeholder: 'WORD' },
  }),
  own('stampRoots', 'the roots of time-stamps that the device believes (PEM)', {
    ...{ kind: 'text', placeholder: 'FILE' },
  }),
  own('both', 'the device demands a classical and a post-quantum signature', { kind: 'boolean' }),
  own('deviceProduct', 'what the device is, where a form says for what it was made', {
    ...{ kind: 'text', flag: 'product', placeholder: 'NAME' },
  }),
  own(
    'deviceHardware',
    'its hardware, likewise (of RAUC: compatible; of SWUpdate: board and revision, as pump:1.0; of Mender: its device type; of SUIT: the UUID of its class)',
    {
      ...{ kind: 'text', flag: 'hardware', placeholder: 'NAME' },
    },
  ),
]

/** Work on signed artefacts that needs no server. */
export const firmwareCommands: readonly Command[] = [
  offline('firmware check', {
    summary: 'say whether devices would take it, and until when',
    help: 'For each declared device: what its bootloader or updater is set to, what it holds, whether its clock is right. It is asked now, at the end of support, and whenever in between a certificate, a list or a status file ends. Exit status 1: one of them would not always take it, so that this can stand before a release. docs/device-declaration.md says how a device is declared.',
    arguments: [
      file,
      own('device', 'the declaration of a device (JSON)', {
        ...{ kind: 'list', required: true, placeholder: 'FILE' },
      }),
      beside,
      own('at', 'a further moment to ask about', { kind: 'list', placeholder: 'TIME' }),
      own('supportUntil', 'until when devices are to take it, if it is not declared', {
        ...{ kind: 'text', placeholder: 'TIME' },
      }),
    ],
  }),
  offline('firmware forms', {
    summary: 'which forms of signed artefacts there are',
    help: 'Without a form it lists all of them; with one it says what its verifiers check, and what can be chosen when it is signed.',
    arguments: [
      own('form', 'one of them', {
        ...{ kind: 'choice', choices: artefactFormNames, how: 'position', placeholder: 'FORM' },
      }),
    ],
  }),
  offline('firmware inspect', {
    summary: 'show what an image or a bundle is made of',
    help: 'Part by part: where it lies, how long it is, what it says. Checks no signature, and shows as much of a damaged file as can be read. The form is found by what is in it.',
    arguments: [file, form],
  }),
  offline('firmware verify', {
    summary: 'say whether a device would believe an artefact',
    help: 'Does what a device does, with what you say that it has: keys, or roots; what it asks of the signer; its clock, its counter, what it knows of revocation. Needs no server and believes none. Exit status 1: it would not. For a device as it is declared in a file, see "firmware check".',
    arguments: [
      file,
      form,
      beside,
      ...trust,
      own('files', 'a directory with the files that a manifest names: each is held against it', {
        ...{ kind: 'text', placeholder: 'DIR' },
      }),
    ],
  }),
  offline('firmware sign', {
    summary: 'sign an image or a bundle with keys of your own',
    help: 'With a key in a file or in a PKCS #11 token, asking no server: nothing is booked and nobody approved it; releases are signed by "release sign". What is written was verified before, and is there whole or not at all. Or in two steps, for keys that are elsewhere: --digest-only prints what has to be signed, and --signatures takes what was signed. Or by keys of the server, which never sees the file: with --release and --signing-key it adds what has to be signed to the draft, and once that is approved, the same command has it signed. Which choices a form has, "firmware forms FORM" says.',
    arguments: [
      file,
      own('form', 'the form in which it is signed', {
        ...{ kind: 'choice', choices: artefactFormNames, required: true, placeholder: 'FORM' },
      }),
      own('signingKey', 'the private key (PEM); one for each signature', {
        ...{ kind: 'list', flag: 'key', placeholder: 'FILE' },
      }),
      own('chain', 'certificates of a key, its own first (PEM), for each key', {
        ...{ kind: 'list', placeholder: 'FILE' },
      }),
      own('algorithm', 'how it is signed, where the form and the key leave a choice', {
        ...{ kind: 'text', placeholder: 'NAME' },
      }),
      own('out', 'what is written (FILE.signed; beside it where the form is detached, FILE.FORM)', {
        ...{ kind: 'text', placeholder: 'FILE' },
      }),
      own('digestOnly', 'print what has to be signed, for the public keys of --key', {
        kind: 'boolean',
      }),
      own('signatures', 'a signature from elsewhere, in answer to --digest-only; one for each', {
        ...{ kind: 'list', placeholder: 'FILE' },
      }),
      own('timeStampsFrom', 'who stamps the time, where the form carries it (RFC 3161)', {
        ...{ kind: 'text', placeholder: 'URL' },
      }),
      own('timeStampRoots', 'the roots of who stamps (PEM)', {
        ...{ kind: 'text', placeholder: 'FILE' },
      }),
      own('release', 'sign by keys of the server, which is not given the file: the release', {
        ...{ kind: 'text', placeholder: 'RELEASE' },
      }),
      own('serverKey', 'with --release: the signing key of the product; one for each signature', {
        ...{ kind: 'list', flag: 'signing-key', placeholder: 'NAME' },
      }),
      own('passphraseFile', 'a file with the passphrases, a line a key; /dev/fd/3 is one, too', {
        ...{ kind: 'text', placeholder: 'FILE' },
      }),
      own('tokenModule', 'the PKCS #11 module of a token', {
        ...{ kind: 'text', placeholder: 'FILE' },
      }),
      own('token', 'the label of the token', { kind: 'text', placeholder: 'TEXT' }),
      own('tokenKey', 'the id of the key in the token', { kind: 'text', placeholder: 'TEXT' }),
    ],
    moreArguments: async () => (await import('../firmware/choices.ts')).choiceArguments(),
  }),
]
