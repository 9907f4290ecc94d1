// SPDX-License-Identifier: Apache-2.0
import type { Clue, Finding, Reporter } from '../finding.ts'
import type { NotScanned, NotScannedReason } from '../not-scanned.ts'

export type FoundClue = Clue & { readonly path: readonly string[] }

/** Whoever is told what a walk comes upon. */
export interface WalkReporter {
  finding(finding: Finding): void
  clue(clue: FoundClue): void
  notScanned(notScanned: NotScanned): void
}

/** A container or file on the way down, and what was already told of what lies in it. */
export class Scope {
  readonly path: readonly string[]
  readonly depth: number
  readonly #parent: Scope | undefined
  readonly #told = new Set<string>()
  readonly #to: WalkReporter

  constructor(name: string, to: WalkReporter, parent?: Scope) {
    this.path = parent === undefined ? [name] : [...parent.path, name]
    this.depth = parent === undefined ? 0 : parent.depth + 1
    this.#parent = parent
    this.#to = to
  }

  within(name: string): Scope {
    return new Scope(name, this.#to, this)
  }

  /** Tells at once. */
  get reporter(): Reporter {
    return {
      finding: (finding) => this.finding(finding),
      clue: (clue) => this.clue(clue),
    }
  }

  finding(finding: Omit<Finding, 'path'>): void {
    this.#remember(keyOf(finding))
    this.#to.finding({ ...finding, path: this.path })
  }

  clue(clue: Clue): void {
    this.#remember(keyOfClue(clue))
    this.#to.clue({ ...clue, path: this.path })
  }

  /** Whether the same was told of something further in: then it is better named by its inner path. */
  knows(found: Omit<Finding, 'path'> | Clue): boolean {
    return this.#told.has('rule' in found ? keyOf(found) : keyOfClue(found))
  }

  notScanned(reason: NotScannedReason, offset: number | null, because: string): void {
    this.#to.notScanned({ kind: 'not-scanned', reason, path: this.path, offset, because })
  }

  #remember(key: string): void {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.#parent)
      if (scope.#told.size < mostRemembered) scope.#told.add(key)
  }
}

/** What is told beyond it may be told twice, by its inner and by its outer place. */
const mostRemembered = 65_536

function keyOf(finding: Omit<Finding, 'path'>): string {
  return `${finding.rule} ${finding.identity}`
}

function keyOfClue(clue: Clue): string {
  return `${clue.kind} ${clue.octets.toHex()}`
}
