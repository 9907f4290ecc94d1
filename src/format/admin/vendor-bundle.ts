// SPDX-License-Identifier: Apache-2.0
import { z } from 'zod'
import { FormatError } from '#format/format-error.ts'
import { parsePem } from '#format/pem.ts'
import {
  type Leniency,
  leniencies,
  parseVendorCertificate,
  type VendorCertificate,
} from '#format/tpm/endorsement-certificate.ts'
import { instant, name, reason } from './fields.ts'

/** A list of makers' authorities in a file: which chips' makers are believed, and how far. */
export interface VendorBundle {
  readonly name: string
  readonly version: number
  readonly issued: Temporal.Instant
  readonly entries: readonly VendorEntry[]
}

export interface VendorEntry {
  readonly vendor: string
  readonly kind: 'tpm' | 'secure-element'
  /** Believed as they stand, self-signed or not. */
  readonly roots: readonly VendorCertificate[]
  /** Between a root and a chip: they only help to find the way, and cross-certificates are welcome. */
  readonly intermediates: readonly VendorCertificate[]
  /** Where the maker publishes them. */
  readonly source: string
  readonly leniency: Leniency
  readonly afterExpiry: 'refused' | 'accepted'
  /** Why a rule is relaxed; null where none is. */
  readonly because: string | null
}

export const vendorBundleFormat = 'vitalsign-vendor-roots/1'

/** All makers of TPMs together publish some 600 certificates, 1 MB of PEM. */
export const vendorBundleLimits = { bytes: 8_000_000, certificates: 2_000 } as const

/** Several certificates may stand in one text. */
const pem = z.string().min(1).max(1_000_000)

const shape = z.strictObject({
  format: z.literal(vendorBundleFormat),
  name,
  version: z.int().min(1).max(1_000_000_000),
  issued: instant,
  entries: z
    .array(
      z.strictObject({
        vendor: name,
        kind: z.enum(['tpm', 'secure-element']),
        roots: z.array(pem).min(1),
        intermediates: z.array(pem).default([]),
        source: z.string().min(1).max(1000),
        note: z.string().max(2000).optional(),
        leniency: z.enum(leniencies).default('none'),
        afterExpiry: z.enum(['refused', 'accepted']).default('refused'),
        because: reason.optional(),
      }),
    )
    .max(1_000),
})

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a bundle strictly; that it is genuine is for who calls to know.
 *
 * @throws FormatError that names the place in the document
 */
export function parseVendorBundle(bytes: Uint8Array): VendorBundle {
  if (bytes.length > vendorBundleLimits.bytes)
    throw new FormatError('too-large', 0, `at most ${vendorBundleLimits.bytes} bytes`)
  const read = shape.safeParse(parseJson(bytes))
  if (!read.success) {
    const [issue] = read.error.issues
    throw new FormatError('value-not-allowed', 0, `${placeOf(issue?.path)}: ${issue?.message}`)
  }
  const { name: title, version, issued, entries } = read.data
  const left = { certificates: vendorBundleLimits.certificates }
  return {
    name: title,
    version,
    issued: Temporal.Instant.from(issued),
    entries: entries.map((entry, index) => readEntry(entry, `entries[${index}]`, left)),
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error
    throw new FormatError('text-malformed', 0, `no JSON: ${error.message}`)
  }
}

function placeOf(path: readonly PropertyKey[] = []): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
  return text.join('').replace(/^\./, '') || 'the document'
}

function readEntry(
  entry: z.output<typeof shape>['entries'][number],
  place: string,
  left: { certificates: number },
): VendorEntry {
  const { leniency, afterExpiry, because = null, vendor, kind, source } = entry
  if (because === null && (leniency !== 'none' || afterExpiry !== 'refused'))
    throw new FormatError('value-not-allowed', 0, `${place}: a rule is relaxed, say why: because`)
  const certificates = (texts: readonly string[], which: string) =>
    texts.flatMap((text, index) =>
      readCertificates(text, leniency, `${place}.${which}[${index}]`, left),
    )
  const roots = certificates(entry.roots, 'roots')
  const intermediates = certificates(entry.intermediates, 'intermediates')
  return { vendor, kind, roots, intermediates, source, leniency, afterExpiry, because }
}

function readCertificates(
  text: string,
  leniency: Leniency,
  place: string,
  left: { certificates: number },
): VendorCertificate[] {
  try {
    return parsePem(text).map(({ label, bytes }) => {
      if (label !== 'CERTIFICATE') throw new FormatError('pem-malformed', 0, label)
      if (left.certificates-- === 0)
        throw new FormatError('too-many', 0, `over ${vendorBundleLimits.certificates} certificates`)
      return parseVendorCertificate(bytes, leniency)
    })
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    throw new FormatError(error.code, 0, `${place}: ${error.message}`)
  }
}
