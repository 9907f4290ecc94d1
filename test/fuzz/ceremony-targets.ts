// SPDX-License-Identifier: Apache-2.0
/** What is carried from and to a ceremony: scripts, transcripts, bundles, shares. */
import { newScript } from '#core/ceremony/new-script.ts'
import { readScript } from '#core/ceremony/read-script.ts'
import { encodeShareText, parseShareText } from '#edge/ceremony/share-text.ts'
import { encodeBundle, parseBundle } from '#format/ceremony/bundle.ts'
import { encodeManifest, parseManifest } from '#format/ceremony/manifest.ts'
import {
  encodeTranscriptEntry,
  parseTranscript,
  type TranscriptEntry,
} from '#format/ceremony/transcript.ts'
import { FormatError } from '#format/format-error.ts'
import type { Target } from './targets.ts'

const utf8 = (value: string) => new TextEncoder().encode(value)

function text(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new FormatError('text-malformed', 0, 'not UTF-8')
  }
}
const hash = new Uint8Array(32).fill(7)
const digest = hash.toHex()

function target<T>(
  name: string,
  seeds: readonly Uint8Array[],
  parse: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
): Target {
  const again = (bytes: Uint8Array) => encode(parse(bytes))
  return { name, parse, again, exact: true, limits: undefined, seeds }
}

const manifest = encodeManifest({
  ...{ vault: 'ab'.repeat(16), act: 2, title: 'Roots é', environment: 'test', rehearsal: false },
  ...{ maker: 'Acme', publicUrl: 'http://pki.test', heldAt: '2026-05-01T12:00:00.000Z' },
  ...{ scriptSha256: digest, transcriptSha256: digest, previousSha256: digest },
  roots: [{ name: 'root', algorithm: 'p-384', sha256: digest, twinOf: '' }],
  certificates: [
    { kind: 'issuing', part: 'a.crt', root: 'root', sha256: digest, requestSha256: digest },
  ],
  lists: [{ part: 'root-2.crl', root: 'root', number: 2, sha256: digest }],
  parts: [{ name: 'a.crt', sha256: digest }],
})

const entries: readonly Omit<TranscriptEntry, 'at'>[] = [
  { number: 1, step: 'begin', what: 'began', by: [], facts: { act: 1 }, previous: '' },
  {
    ...{ number: 2, step: 'gather', what: 'confirmed', previous: digest },
    ...{ by: [{ role: 'witness', name: 'Ada' }], facts: { typed: 'a', good: true } },
  },
]

const share = {
  head: {
    ...{ vault: 'ab'.repeat(16), title: 'Roots', index: 2, of: 3, needed: 2, set: 1 },
    ...{ custodian: 'Grace Hopper', stretch: { memoryKiB: 64, passes: 1, lanes: 1 } },
  },
  body: Uint8Array.from({ length: 77 }, (_, at) => at),
}

const plainShare = { ...share, head: { ...share.head, stretch: undefined } }

export const ceremonyTargets: readonly Target[] = [
  target(
    'ceremony-transcript',
    [
      utf8(
        entries
          .map((entry) => ({ ...entry, at: '2026-05-01T12:00:00.000Z' }))
          .map((entry) => `${encodeTranscriptEntry(entry)}\n`)
          .join(''),
      ),
    ],
    (bytes) => parseTranscript(text(bytes)),
    (lines) => utf8(lines.map(({ entry }) => `${encodeTranscriptEntry(entry)}\n`).join('')),
  ),
  target('ceremony-manifest', [manifest], parseManifest, encodeManifest),
  target(
    'ceremony-bundle',
    [
      encodeBundle({
        manifest,
        parts: [{ name: 'a.crt', bytes: hash }],
        signatures: [{ root: 'root', signature: hash }],
      }),
    ],
    parseBundle,
    encodeBundle,
  ),
  {
    ...target(
      'ceremony-share',
      [utf8(encodeShareText(share)), utf8(encodeShareText(plainShare))],
      (bytes) => partOf(parseShareText(text(bytes))),
      (read) => utf8(encodeShareText(read)),
    ),
    // A printer or an editor may end its lines otherwise.
    exact: false,
  },
  {
    ...target('ceremony-script', [utf8(script('found')), utf8(script('open'))], parseScript, utf8),
    exact: false,
  },
]

function script(act: 'found' | 'open'): string {
  return newScript({
    ...{ act, environment: 'production', maker: 'Acme', publicUrl: 'http://pki.test' },
    ...{ needed: 2, of: 3, requests: ['issuing-1.csr', 'issuing-1-twin.csr'] },
  })
}

/** A script says what its text says, so the text is what is compared. */
function parseScript(bytes: Uint8Array): string {
  const read = readScript(bytes)
  if (read.kind === 'script') return JSON.stringify(JSON.parse(text(bytes)))
  const [first] = read.faults
  if (first === undefined) throw new Error('refused without a fault')
  throw new FormatError('value-not-allowed', 0, JSON.stringify(first))
}

/** A refusal that is a value is thrown here, to look like the rest. */
function partOf<T extends { readonly kind: string }>(read: T): Exclude<T, { kind: 'refused' }> {
  if (read.kind === 'refused') throw new FormatError('text-malformed', 0)
  return read as Exclude<T, { kind: 'refused' }>
}
