// SPDX-License-Identifier: Apache-2.0
/** The parsers of text and JSON that meet foreign input; a refusal that is a value is thrown here, to look like the rest. */

import assert from 'node:assert/strict'
import { parseProfile } from '#core/policy/document/parse-profile.ts'
import { readyProfiles } from '#core/policy/ready/ready-profiles.ts'
import {
  type AcmeProblem,
  parseAuthorization,
  parseDirectory,
  parseOrder,
} from '#format/acme/messages.ts'
import {
  encodeBeginAnswer,
  encodeBeginRequest,
  encodeCertifyAnswer,
  encodeCertifyRequest,
  parseBeginAnswer,
  parseBeginRequest,
  parseCertifyAnswer,
  parseCertifyRequest,
} from '#format/attestation/messages.ts'
import { encodeRegisterList, parseRegisterList } from '#format/attestation/register-list.ts'
import { backupFormat, encodeLine, parseLine } from '#format/backup/line.ts'
import { encodeRow, parseRow } from '#format/backup/row-text.ts'
import { parseBase64Body } from '#format/base64.ts'
import { encodeBase64Body } from '#format/est/messages.ts'
import { FormatError } from '#format/format-error.ts'
import { encodePem, parsePem } from '#format/pem.ts'
import { encodeCanonicalJson, parseCanonicalJson } from '#format/tlog/canonical-json.ts'
import { encodeCheckpoint, parseCheckpoint } from '#format/tlog/checkpoint.ts'
import { encodeNote, parseNote } from '#format/tlog/note.ts'
import { encodeNoteKey, parseNoteKey } from '#format/tlog/note-key.ts'
import { encodeTilePath, parseTilePath } from '#format/tlog/tile.ts'
import { parseChainText } from '#format/x509/chain-text.ts'
import { formatName, parseNameText } from '#format/x509/name.ts'
import { approvalTargets } from './approval-targets.ts'
import { ceremonyTargets } from './ceremony-targets.ts'
import { keyListTargets } from './key-list-targets.ts'
import type { Target } from './targets.ts'

const utf8 = (value: string) => new TextEncoder().encode(value)
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const three = Uint8Array.of(1, 2, 3)
const hash = new Uint8Array(32).fill(7)

/** A target of text, from a parser and an encoder of strings. */
function ofText<T>(
  name: string,
  seeds: readonly string[],
  parse: (text: string) => T,
  encode: (value: T) => string,
): Target {
  return {
    name,
    parse: (bytes) => parse(text(bytes)),
    again: (bytes) => utf8(encode(parse(text(bytes)))),
    exact: false,
    limits: undefined,
    seeds: seeds.map(utf8),
  }
}

const digest = hash.toHex()
const counts = { device: 1 }
const backupLines = [
  encodeLine({
    kind: 'manifest',
    manifest: {
      ...{ format: backupFormat, installation: 'set_1', environment: 'trial', program: '2.0.0' },
      ...{ schema: 2, moment: '2026-01-01T00:00:00Z', epoch: 1, withRoot: false },
      log: {
        origin: 'log',
        publicKey: digest,
        size: 3,
        root: digest,
        checkpoint: null,
        lastEvent: 3,
      },
      ...{ tables: [{ name: 'device', columns: ['id', 'serial'] }], counts },
    },
  }),
  encodeLine({ kind: 'table', name: 'device' }),
  encodeLine({ kind: 'file', path: 'keys/key_1.key', bytes: three }),
  encodeLine({
    kind: 'end',
    trailer: { counts, digests: { device: digest }, files: 1, sha256: digest },
  }),
]

/** A message as a parser of bytes reads it. */
function ofMessage<T>(
  name: string,
  seed: T,
  parse: (bytes: Uint8Array) => T,
  encode: (value: T) => string,
): Target {
  return ofText(name, [encode(seed)], (written) => parse(utf8(written)), encode)
}

const at = Temporal.Instant.from('2026-01-01T00:00:00Z')
const attestationMessages: readonly Target[] = [
  ofMessage(
    'attestation-begin',
    { serial: 'A', label: 'b', code: 'C', ekPublic: three, ekCertificates: [hash], akPublic: hash },
    parseBeginRequest,
    encodeBeginRequest,
  ),
  ofMessage(
    'attestation-begin-answer',
    {
      ...{ session: 's', credentialBlob: hash, encryptedSecret: hash, nonce: hash, expires: at },
      quote: { bank: 'sha256', registers: [0, 7] },
    },
    parseBeginAnswer,
    encodeBeginAnswer,
  ),
  ofMessage(
    'attestation-certify',
    {
      ...{ session: 's', secret: hash },
      keys: [{ public: hash, attest: three, signature: hash }],
      quote: { attest: hash, signature: three, values: [{ register: 7, value: hash }] },
    },
    parseCertifyRequest,
    encodeCertifyRequest,
  ),
  ofMessage(
    'attestation-certify-answer',
    {
      akCertificate: [hash],
      results: [{ spkiSha256: hash.toHex(), ticket: 'T', ticketExpires: at, until: at }],
      quote: 'none',
    },
    parseCertifyAnswer,
    encodeCertifyAnswer,
  ),
]

/** What an ACME server answers; nobody here writes such, but for this. */
const acmeMessages: readonly Target[] = [
  ofText(
    'acme-directory',
    [
      JSON.stringify({
        ...{ newNonce: 'https://ca.test/nonce', newAccount: 'https://ca.test/account' },
        ...{ newOrder: 'https://ca.test/order', revokeCert: 'https://ca.test/revoke' },
        meta: { termsOfService: 'https://ca.test/terms', externalAccountRequired: true },
      }),
    ],
    (json) => parseDirectory(utf8(json)),
    ({ termsOfService, externalAccountRequired, ...rest }) =>
      JSON.stringify({ ...rest, meta: { termsOfService, externalAccountRequired } }),
  ),
  ofText(
    'acme-order',
    [
      JSON.stringify({
        ...{ status: 'valid', authorizations: ['https://ca.test/authz/1'] },
        ...{ finalize: 'https://ca.test/finalize/1', certificate: 'https://ca.test/cert/1' },
        error: { type: 'urn:ietf:params:acme:error:unauthorized', detail: 'no' },
      }),
    ],
    (json) => parseOrder(utf8(json)),
    ({ error, ...rest }) => JSON.stringify({ ...rest, error: error && acmeProblem(error) }),
  ),
  ofText(
    'acme-authorization',
    [
      JSON.stringify({
        ...{ status: 'pending', identifier: { type: 'dns', value: 'www.pki.test' } },
        challenges: [
          { type: 'dns-01', url: 'https://ca.test/chall/1', token: 'x' },
          {
            ...{ type: 'http-01', url: 'https://ca.test/chall/2', status: 'pending' },
            token: 'DGyRejmCefe7v4NfDGDKfA',
          },
        ],
      }),
    ],
    (json) => parseAuthorization(utf8(json)),
    ({ status, identifier, http01 }) =>
      JSON.stringify({
        ...{ status, identifier: { value: identifier } },
        challenges: http01
          ? [
              {
                ...{ ...http01, type: 'http-01' },
                error: http01.error && acmeProblem(http01.error),
              },
            ]
          : [],
      }),
  ),
]

function acmeProblem({ type, detail }: AcmeProblem) {
  return { type: `urn:ietf:params:acme:error:${type}`, detail }
}

export const textTargets: readonly Target[] = [
  ...attestationMessages,
  ...acmeMessages,
  ...ceremonyTargets,
  ...keyListTargets,
  ...approvalTargets,
  ofText(
    'register-list',
    [`  sha1:\n    0 : 0x${'AB'.repeat(20)}\n  sha256:\n    10: 0x${'CD'.repeat(32)}\n`],
    parseRegisterList,
    encodeRegisterList,
  ),
  ofText(
    'pem',
    [`note\n${encodePem('CERTIFICATE', hash)}${encodePem('EC PRIVATE KEY', three)}`],
    parsePem,
    (blocks) => blocks.map(({ label, bytes }) => encodePem(label, bytes)).join(''),
  ),
  ofText(
    'chain-text',
    [encodePem('CERTIFICATE', three).repeat(2), 'MAMCAQUwAwIBBg=='],
    parseChainText,
    (chain) => chain.map((der) => encodePem('CERTIFICATE', der)).join(''),
  ),
  {
    ...ofText(
      'base64-body',
      ['AAECAw==\r\n', 'MEEG CSqG\nSIb3'],
      parseBase64Body,
      encodeBase64Body,
    ),
    agrees: (bytes) =>
      assert.deepEqual(Buffer.from(text(bytes), 'base64'), Buffer.from(parseBase64Body(bytes))),
  },
  {
    ...ofText(
      'name-text',
      ['CN=PUMP-0001+serialNumber=1,O=Example\\, Inc.,C=DE', 'CN=\\ a\\20\\c3\\a4 ,1.2.3=\\#0500'],
      parseNameText,
      formatName,
    ),
    parse: (bytes) => parseNameText(text(bytes)).der,
  },
  ofText(
    'canonical-json',
    ['{"a":[1,2.5,null,true,"x"],"b":{"c":"\\u0001é"}}'],
    parseCanonicalJson,
    (value) => encodeCanonicalJson(value),
  ),
  ofText(
    'note',
    [encodeNote({ text: 'a\nb\n', signatures: [{ name: 'log', keyId: 5, signature: hash }] })],
    parseNote,
    encodeNote,
  ),
  ofText('backup-line', backupLines, parseLine, encodeLine),
  ofText(
    'backup-row',
    ['[null,0,-5,"=text é","~AAECAw=="]', '[1,"=",null,"~","==="]'],
    (line) => parseRow(line, 5),
    encodeRow,
  ),
  ofText(
    'note-key',
    [encodeNoteKey({ name: 'log', keyId: 5, publicKey: hash })],
    parseNoteKey,
    encodeNoteKey,
  ),
  ofText(
    'checkpoint',
    [encodeCheckpoint({ origin: 'log', size: 300, root: hash })],
    parseCheckpoint,
    encodeCheckpoint,
  ),
  ofText(
    'tile-path',
    [
      encodeTilePath({ level: 0, index: 1_234_067, width: 256 }),
      encodeTilePath({ level: 1, index: 5, width: 7 }),
    ],
    parseTilePath,
    encodeTilePath,
  ),
  ofText(
    'profile',
    Object.values(readyProfiles).map((profile) => JSON.stringify(profile)),
    parseProfileText,
    (document) => JSON.stringify(document),
  ),
]

function parseProfileText(json: string) {
  const parsed = parseProfile(parseJson(json))
  if (parsed.kind === 'profile') return parsed.profile.document
  const [first] = parsed.faults
  if (first === undefined) throw new Error('refused without a fault')
  throw new FormatError('value-not-allowed', 0, JSON.stringify(first))
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    if (error instanceof SyntaxError) throw new FormatError('text-malformed', 0, 'not JSON')
    throw error
  }
}
