// SPDX-License-Identifier: Apache-2.0
/**
 * The contract between the forms of signed artefacts and whoever signs, checks or shows them.
 *
 * A form is pure but for digests: it reads a source, says what is to be signed, and lays out what comes out as
 * pieces of what came in. The private keys are elsewhere, and an image of gigabytes is never in memory.
 */
import type { ByteSource } from '#format/archive/byte-source.ts'
import type { SignatureAlgorithmName } from '../algorithms.ts'
import type { PublicKey } from '../public-key.ts'
import type { ArtefactFormName } from './form-names.ts'
import type { ArtefactRefused } from './refusal.ts'
import type { DeviceTrust, Verdict } from './verdict.ts'

/** Who signs: a key, and the certificates that say whose it is. */
export interface ArtefactSigner {
  readonly publicKey: PublicKey
  /** DER, the signer's own first, the root left out; empty: devices know the key itself. */
  readonly chain: readonly Uint8Array[]
  readonly algorithm: SignatureAlgorithmName
}

/** One signature that is to be made. */
export interface SignatureWanted {
  readonly signer: ArtefactSigner
  /** `digest`: the bytes are the digest of what the signature covers, by the digest of the signer's algorithm. */
  readonly over: 'message' | 'digest'
  readonly bytes: Uint8Array
}

/** A part of what comes out: octets, or a span of what went in. */
export type Piece =
  | Uint8Array
  | { readonly source: ByteSource; readonly from: number; readonly length: number }

/** Gives the time-stamp token (RFC 3161, DER) over a signature. */
export type Stamp = (signature: Uint8Array) => Promise<Uint8Array>

export interface SigningPlan {
  readonly kind: 'plan'
  readonly form: ArtefactFormName
  /** All that has to be signed; none of it depends on another's signature. */
  readonly wanted: readonly SignatureWanted[]
  /**
   * The signed artefact, or the signature that stands beside it where the form is detached.
   *
   * @param signatures in the order of `wanted`, as X.509 has them (ECDSA in DER)
   * @param stamp called once for each signature that the form can carry a time-stamp for; undefined: none
   */
  finish(signatures: readonly Uint8Array[], stamp?: Stamp): Promise<readonly Piece[]>
}

/** What a file is made of, as people look at it. */
export interface Anatomy {
  /** One line: `MCUboot image, version 1.2.3+4`. */
  readonly title: string
  readonly parts: readonly AnatomyPart[]
}

export interface AnatomyPart {
  readonly name: string
  /** From the beginning of the file; undefined: it is inside another part, as a field of a CMS. */
  readonly offset: number | undefined
  readonly octets: number
  /** One line of plain words. */
  readonly what: string
  /** Aligned lines below it: name and value. */
  readonly facts: readonly (readonly [string, string])[]
}

/** What may be chosen when a form is signed: from these rows come flags of the command line and fields of requests. */
export interface OptionRow {
  readonly kind: 'text' | 'integer' | 'flag' | 'list'
  /** For people: what it decides, in one line. */
  readonly help: string
  /** It has to be given. */
  readonly needed?: true
}

/**
 * One form that a bootloader or updater checks.
 *
 * @typeParam O what may be chosen when it is signed: texts, numbers, flags and lists of texts by name, as its `options` say
 */
export interface ArtefactForm<O> {
  readonly name: ArtefactFormName
  /** For people: `MCUboot image`. */
  readonly title: string
  /** `embedded`: what comes out holds what went in; `detached`: it stands beside it. */
  readonly place: 'embedded' | 'detached'
  /** What its verifiers check, the recommended one first. */
  readonly algorithms: readonly SignatureAlgorithmName[]
  readonly options: { readonly [K in keyof O]-?: OptionRow }
  /** Why it cannot be signed where only a digest is known; undefined: it can. */
  readonly needsAll: string | undefined
  /**
   * The algorithm that choices ask of a key, where not the key alone decides; undefined: they ask for none. Absent: they
   * never do.
   */
  asks?(
    options: Readonly<Record<string, unknown>>,
    key: Pick<PublicKey, 'algorithm'>,
  ): SignatureAlgorithmName | undefined
  /**
   * Whether this is such a file, signed or not; reads little. Detached forms know their signatures.
   *
   * @throws nothing: what cannot be read is none
   */
  recognise(source: ByteSource): Promise<boolean>
  /**
   * What is wrong with who is to sign and what is chosen, whatever is signed; `plan` refuses the same, and more.
   *
   * @returns undefined: nothing
   */
  refuse(options: O, signers: readonly ArtefactSigner[]): ArtefactRefused | undefined
  /** Reads what it is given; says what is wrong with the source or the choices, and where. */
  plan(
    source: ByteSource,
    options: O,
    signers: readonly ArtefactSigner[],
  ): Promise<SigningPlan | ArtefactRefused>
  /**
   * Whether a device would believe it, as far as the file itself says.
   *
   * @param beside of a detached form: what was signed
   */
  verify(
    source: ByteSource,
    trust: DeviceTrust,
    beside?: ByteSource,
  ): Promise<Verdict | ArtefactRefused>
  /** What it is made of; checks no signature, and shows as much of a damaged file as can be read. */
  inspect(source: ByteSource): Promise<Anatomy>
}
