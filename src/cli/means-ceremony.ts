// SPDX-License-Identifier: Apache-2.0
/** What the command line is given for ceremonies: people are asked here, all else is the house's. */

/** Who is asked. */
export interface PersonAsked {
  readonly role: string
  readonly name: string
}

/** The table around which people sit. */
export interface TableMeans {
  say(lines: readonly string[]): Promise<void>
  ask(who: PersonAsked, what: string): Promise<string>
  secret(who: PersonAsked, what: string): Promise<string>
}

/** Why something was not done. */
export interface RefusedWork {
  readonly kind: 'refused'
  readonly reason: string
  readonly detail: string
}

export interface HeldCeremony {
  readonly kind: 'held'
  readonly bundle: string
  readonly bundleSha256: string
  readonly manifestSha256: string
  readonly vault: string
  readonly act: number
  readonly rehearsal: boolean
  readonly roots: readonly { readonly name: string; readonly sha256: string }[]
}

export interface ScriptFaultTold {
  readonly path: string
  readonly fault: string
  readonly remedy: string
}

export interface CheckedScript {
  readonly good: boolean
  readonly sha256: string
  readonly title: string
  readonly faults: readonly ScriptFaultTold[]
}

export interface BundleFacts {
  readonly kind: 'sound'
  readonly title: string
  readonly environment: string
  readonly rehearsal: boolean
  readonly maker: string
  readonly publicUrl: string
  readonly vault: string
  readonly act: number
  readonly heldAt: string
  readonly bundleSha256: string
  readonly manifestSha256: string
  readonly scriptSha256: string
  readonly transcriptSha256: string
  readonly roots: readonly {
    readonly name: string
    readonly algorithm: string
    readonly subject: string
    readonly notAfter: string
    readonly sha256: string
  }[]
  readonly certificates: readonly {
    readonly kind: string
    readonly root: string
    readonly subject: string
    readonly notAfter: string
    readonly sha256: string
    readonly requestSha256: string
  }[]
  readonly lists: readonly {
    readonly root: string
    readonly number: number
    readonly revoked: number
    readonly nextUpdate: string
  }[]
  readonly people: readonly PersonAsked[]
  readonly transcript: readonly string[]
}

export interface CeremonyWork {
  newScript(wish: {
    readonly act: 'found' | 'open'
    readonly environment: string
    readonly maker: string
    readonly publicUrl: string
    readonly needed: number
    readonly of: number
    readonly requests: readonly string[]
  }): string
  checkScript(path: string): Promise<CheckedScript | RefusedWork>
  hold(
    order: {
      readonly script: string
      readonly vault: string
      readonly out: string
      readonly rehearsal: boolean
    },
    table: TableMeans,
  ): Promise<HeldCeremony | RefusedWork>
  verify(path: string): Promise<BundleFacts | RefusedWork>
}
