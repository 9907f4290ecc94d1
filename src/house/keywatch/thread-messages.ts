// SPDX-License-Identifier: Apache-2.0
import type { SharedPrime } from '#trust/weak-keys/shared-primes/shared-prime.ts'

/** Keys from one file: those at positions `from` up to, not including, `to`. */
export interface KeysPart {
  readonly file: string
  readonly from: number
  readonly to: number
}

/** What lies in files of one name with different endings, and the digest of its keys. */
export interface SubsetFiles {
  /** The path of its files, without their endings. */
  readonly path: string
  readonly digest: string
}

/** A key that shares something, with its modulus; big-endian. */
export interface SharingKey {
  readonly id: string
  readonly modulus: Uint8Array
}

/** What a thread is asked, and what it answers: one answer to each question, in their order. */
export interface Questions {
  /** Grows the tree of keys and holds it. */
  grow: { readonly ask: { readonly parts: readonly KeysPart[] }; readonly answer: GrownTree }
  /** Which keys of the tree that is held share a factor with each other or with others; then lets go of the tree. */
  find: {
    readonly ask: {
      readonly sibling: Uint8Array | undefined
      readonly others: readonly SubsetFiles[]
    }
    /** `divisors`: the product of what is shared, little-endian; for memory only. */
    readonly answer: { readonly sharing: readonly SharingKey[]; readonly divisors: Uint8Array }
  }
  /** Which keys of a subset share a factor with any of some numbers. */
  descend: {
    readonly ask: { readonly subset: SubsetFiles; readonly factors: readonly Uint8Array[] }
    readonly answer: { readonly sharing: readonly SharingKey[] }
  }
  /** Makes the product and the branches of a subset from those of its parts, or from trees that were grown. */
  join: {
    readonly ask: {
      readonly subset: SubsetFiles
      readonly parts: readonly (SubsetFiles | GrownTree)[]
    }
    readonly answer: Record<string, never>
  }
  /** Whether the files of a subset are whole. */
  check: {
    readonly ask: { readonly subset: SubsetFiles }
    readonly answer: { readonly unusable: string | undefined }
  }
  /** What keys of a file have in common, by name. */
  name: {
    readonly ask: { readonly file: string }
    readonly answer: { readonly shared: readonly SharedPrime[] }
  }
}

export interface GrownTree {
  /** Little-endian. */
  readonly product: Uint8Array
  readonly branches: readonly Branch[]
}

/** The product of some neighbouring keys, of about a million bits. */
export interface Branch {
  readonly keys: number
  /** Little-endian. */
  readonly product: Uint8Array
}

export type QuestionKind = keyof Questions
export type Question = {
  [Kind in QuestionKind]: { kind: Kind } & Questions[Kind]['ask']
}[QuestionKind]
/** `worked`: so many bits more were worked on; no answer yet. */
export type Reply =
  | { readonly worked: number }
  | { readonly answer: unknown }
  /** `isFull`: for want of space. */
  | { readonly broken: Error; readonly isFull: boolean }
