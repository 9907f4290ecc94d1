// SPDX-License-Identifier: Apache-2.0
import { makeKeyCommand, verifyCommand } from './approver.ts'
import { own } from './argument.ts'
import { ceremonyCommands } from './ceremony.ts'
import type { Command } from './commands.ts'
import { deliverCommand } from './deliver.ts'
import { firmwareCommands } from './firmware.ts'
import { firmwareBuildCommand } from './firmware-build.ts'
import { offline } from './offline-command.ts'
import { scanCommand } from './scan.ts'

const backupFile = own('file', 'the backup', {
  ...{ kind: 'text', how: 'position', required: true, placeholder: 'FILE' },
})
const identity = own('identity', 'the file with the age identity that opens it', {
  ...{ kind: 'text', required: true, placeholder: 'FILE' },
})
const passwordFile = own('passwordFile', "a file with the database's password", {
  ...{ kind: 'text', placeholder: 'FILE' },
})
const caFile = own('caFile', "the authorities of the database's certificate (PEM)", {
  ...{ kind: 'text', placeholder: 'FILE' },
})

/** What needs no server: it works on files, or on a house that is stopped. */
export const offlineCommands: readonly Command[] = [
  offline('approval verify', verifyCommand),
  offline('approver make-key', makeKeyCommand),
  offline('backup check', {
    summary: 'verify a whole backup without restoring it',
    help: 'Opens every part, counts every row, recomputes every digest and the tree of the log, and verifies the checkpoint. Needs no server and believes none.',
    arguments: [backupFile, identity],
  }),
  offline('backup drill', {
    summary: 'restore a backup for trial, with evidence',
    help: 'Restores into a directory of its own that is removed afterwards; no device and no person can reach it. With the passphrase it opens each key, signs with it, makes revocation lists and verifies the log. Where a server runs on --data, it signs and books the result.',
    arguments: [
      backupFile,
      identity,
      own('passphraseFile', 'the passphrase of the keys, to try them, too', {
        ...{ kind: 'text', placeholder: 'FILE' },
      }),
      own('evidence', 'write the evidence into this directory', {
        ...{ kind: 'text', placeholder: 'DIR' },
      }),
    ],
  }),
  offline('backup new-key', {
    summary: 'make an identity that opens backups',
    help: 'Keep the file away from the server and from the backups: who has it and a backup can read everything but the keys. The recipient is no secret.',
    arguments: [
      own('file', 'the new file', {
        ...{ kind: 'text', how: 'position', required: true, placeholder: 'FILE' },
      }),
    ],
  }),
  offline('backup restore', {
    summary: 'make an installation again from a backup',
    help: 'Into --data DIR, which must be empty or not there, and with --database into an empty database. A new epoch begins: the old installation must never run again. The passphrase is not in the backup: give the old one at the first start.',
    arguments: [
      backupFile,
      identity,
      own('database', 'an empty PostgreSQL database that takes the ledger', {
        ...{ kind: 'text', placeholder: 'postgres://USER@HOST/NAME' },
      }),
      passwordFile,
      caFile,
    ],
  }),
  ...ceremonyCommands,
  offline('crl keep', {
    summary: 'keep the revocation lists of a broker fresh',
    help: 'Fetches lists, checks who signed each and that none goes back, writes them into one PEM file, and has the program that uses it read it again. Run it from a timer. A list that cannot be had leaves the one in the file; exit status 1 says so. Needs no server of ours and believes none.',
    arguments: [
      own('list', 'the address of a list', {
        ...{ kind: 'list', required: true, placeholder: 'URL' },
      }),
      own('issuers', 'the certificates of the authorities that sign them (PEM)', {
        ...{ kind: 'text', required: true, placeholder: 'FILE' },
      }),
      own('output', 'the file that the program reads', {
        ...{ kind: 'text', required: true, placeholder: 'FILE' },
      }),
      own('reloadPidFile', 'tell the process whose id is in this file that it changed', {
        ...{ kind: 'text', placeholder: 'FILE' },
      }),
    ],
  }),
  offline('entropy assess', {
    summary: 'bound the entropy of raw samples of a noise source',
    help: 'Six estimators of SP 800-90B section 6.3, on the samples and on their bits; the least is an upper bound, for an assessment takes more of them, and a source is judged by its design, too. FILE has one sample in each octet, as it came from the source and before anything was made of it; - reads standard input. No more is read than is assessed. Needs no server.',
    arguments: [
      own('file', 'the samples, or - for standard input', {
        ...{ kind: 'text', how: 'position', required: true, placeholder: 'FILE' },
      }),
      own('bits', 'the width of a sample, 1 to 8; else the least that holds them all', {
        ...{ kind: 'number', placeholder: 'N' },
      }),
      own('samples', 'how many are assessed, up to 8388608 (1000000)', {
        ...{ kind: 'number', placeholder: 'N' },
      }),
      own('skip', 'how many are passed over before', { kind: 'number', placeholder: 'N' }),
      own('packed', 'several samples of --bits stand in an octet, the first in its highest bits', {
        kind: 'boolean',
      }),
    ],
  }),
  offline('firmware build', firmwareBuildCommand),
  ...firmwareCommands,
  offline('release deliver', deliverCommand),
  offline('release check', {
    summary: 'check the page of a release without any server',
    help: 'FILE is what "release show --json" wrote. Proves that the key of the log signed its head, and that every event of the page is in the log as it is shown; with --manifest also that the text that people approved is that of the page. Exit status 1: something is not as it says.',
    arguments: [
      own('file', 'the page', {
        ...{ kind: 'text', how: 'position', required: true, placeholder: 'FILE' },
      }),
      own('logKey', "a file with the log's key, known from elsewhere", {
        ...{ kind: 'text', required: true, placeholder: 'FILE' },
      }),
      own('manifest', 'the text that was approved, as "release manifest" shows it', {
        ...{ kind: 'text', placeholder: 'FILE' },
      }),
    ],
  }),
  offline('scan', scanCommand),
  offline('key check', {
    summary: 'look for all that is known to be wrong with a public key',
    help: 'Reads the keys of certificates, requests and public keys, in PEM or DER, and says for each what is wrong with it and what that means. Asks no server and sends nothing; the lists of --data are asked, if there are any. A second or so for a key that is well. A private key is not looked at. Exit status 1: a key is weak, or would be refused.',
    arguments: [
      own('file', 'a certificate, a request or a public key', {
        ...{ kind: 'list', how: 'position', required: true, placeholder: 'FILE' },
      }),
    ],
  }),
  offline('status-file check', {
    summary: 'ask a status file about a certificate, offline',
    help: 'What a gateway does: checks who signed the file up to a root that you give, whether it is fresh, and what it says of a certificate and of each authority above it. The authorities between may stand in the same file as the certificate. Exit status 1: not all of them are fine.',
    arguments: [
      own('file', 'the status file', {
        ...{ kind: 'text', how: 'position', required: true, placeholder: 'FILE' },
      }),
      own('certificate', 'the certificate, PEM or DER; without one only the file is checked', {
        ...{ kind: 'text', how: 'position', placeholder: 'CERTIFICATE' },
      }),
      own('anchors', 'the root that is believed, or several (PEM)', {
        ...{ kind: 'text', required: true, placeholder: 'FILE' },
      }),
      own('useStale', 'go on with a file that has passed its end', { kind: 'boolean' }),
    ],
  }),
  offline('weak-keys import', {
    summary: 'take in a list of keys that are known to be weak',
    help: 'Into --data DIR, where a running server finds it within a minute. FILE is a list of ours, or the blocklist.dat of badkeys with its badkeysdata.json beside it. It is gone through before it replaces the one of its name: that it is sorted, whole, and of the digest that is said. Where several nodes run, each needs it in its own directory.',
    arguments: [
      own('file', 'the list', {
        ...{ kind: 'text', how: 'position', required: true, placeholder: 'FILE' },
      }),
      own('index', 'the badkeysdata.json of a blocklist, if it is not beside it', {
        ...{ kind: 'text', placeholder: 'FILE' },
      }),
    ],
  }),
  offline('weak-keys list', {
    summary: 'which lists of weak keys a directory has',
    help: 'Goes through every list of --data DIR. Exit status 1: one of them is broken and is not asked.',
    arguments: [],
  }),
  offline('weak-keys make', {
    summary: 'make the list of small and simple private keys',
    help: 'Four million points whose private keys are small numbers, repeated words and the like. A server makes it by itself some minutes after its first start; this does it at once. It is the same wherever it is made.',
    arguments: [],
  }),
  offline('store move', {
    summary: 'move the ledger of a stopped installation to PostgreSQL',
    help: 'Stop the server of --data first. May be cut off and begun again; ends only when every row and the root of the log agree on both sides. The old ledger stays as it was, and refuses to serve. There is no way back.',
    arguments: [
      own('to', 'an empty database', {
        ...{ kind: 'text', required: true, placeholder: 'postgres://USER@HOST/NAME' },
      }),
      passwordFile,
      caFile,
    ],
  }),
]
