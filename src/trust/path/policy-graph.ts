// SPDX-License-Identifier: Apache-2.0
/**
 * Certificate policies along a path, as the graph of RFC 9618, which replaced RFC 5280's tree: a tree grows
 * exponentially with its depth, a graph has at most one node per policy and depth.
 */
import type { Oid } from '#format/der/oid.ts'
import { anyPolicy } from '#format/oids.ts'
import type { PathBudget } from './budget.ts'

interface Node {
  readonly policy: Oid
  /** The nodes one depth higher that it belongs to; empty only at depth 0. */
  readonly parents: ReadonlySet<Node>
  /** What stands for this policy one depth lower. */
  expected: ReadonlySet<Oid>
}

type Depth = Map<Oid, Node>

export interface PolicyMapping {
  readonly issuerDomainPolicy: Oid
  readonly subjectDomainPolicy: Oid
}

/** valid_policy_graph of RFC 9618 section 5; once empty it stays so. */
export class PolicyGraph {
  readonly #budget: PathBudget
  /** Outermost first; undefined: NULL in the words of the RFC. */
  #depths: Depth[] | undefined

  /** 6.1.2 (a): one node, anyPolicy, at depth 0. */
  constructor(budget: PathBudget) {
    this.#budget = budget
    this.#depths = [new Map([[anyPolicy, node(anyPolicy, new Set())]])]
  }

  /** Whether no policy is left that the whole path asserts. */
  get isEmpty(): boolean {
    return this.#depths === undefined
  }

  /** 6.1.3 (d) and (e): goes one depth lower, with the policies of the next certificate. */
  descend(policies: readonly Oid[] | undefined, anyPolicyCounts: boolean): void {
    const above = this.#depths?.at(-1)
    if (above === undefined || this.#depths === undefined) return
    if (policies === undefined) {
      this.#depths = undefined
      return
    }
    const expecting = this.#expecting(above)
    const below: Depth = new Map()
    // (1)
    for (const policy of policies) {
      if (policy === anyPolicy) continue
      const parents = expecting.get(policy) ?? anyPolicyOf(above)
      if (parents !== undefined) below.set(policy, node(policy, parents))
    }
    // (2)
    if (anyPolicyCounts && policies.includes(anyPolicy))
      for (const [policy, parents] of expecting)
        if (!below.has(policy)) below.set(policy, node(policy, parents))
    this.#depths.push(below)
    this.#prune()
  }

  /** 6.1.4 (b): applies the mappings of the certificate that `descend` saw last. */
  map(mappings: readonly PolicyMapping[], mappingAllowed: boolean): void {
    const depth = this.#depths?.at(-1)
    if (depth === undefined) return
    const wildcard = depth.get(anyPolicy)
    const mapped = Map.groupBy(mappings, (mapping) => mapping.issuerDomainPolicy)
    for (const [policy, rows] of mapped) {
      // (2)
      if (!mappingAllowed) {
        depth.delete(policy)
        continue
      }
      // (1)
      const expected = new Set(rows.map((row) => row.subjectDomainPolicy))
      const present = depth.get(policy)
      if (present !== undefined) present.expected = expected
      else if (wildcard !== undefined)
        depth.set(policy, { policy, parents: wildcard.parents, expected })
    }
    this.#prune()
  }

  /** 6.1.5 (g): what the path asserts of what the relying party asks; `anyPolicy` in `asked` asks nothing. */
  assertedOf(asked: ReadonlySet<Oid>): ReadonlySet<Oid> {
    const authorityPolicies = this.#authorityPolicies()
    if (asked.has(anyPolicy)) return authorityPolicies
    return authorityPolicies.has(anyPolicy) ? asked : asked.intersection(authorityPolicies)
  }

  /** The policies in the words of the outermost authority: children of anyPolicy alone, and anyPolicy if it reached the leaf. */
  #authorityPolicies(): Set<Oid> {
    const found = new Set<Oid>()
    const depths = this.#depths ?? []
    for (const depth of depths)
      for (const { policy, parents } of depth.values())
        if (policy !== anyPolicy && parents.values().some((parent) => parent.policy === anyPolicy))
          found.add(policy)
    if (depths.at(-1)?.has(anyPolicy) === true) found.add(anyPolicy)
    return found
  }

  /** For every policy that the depth expects, the nodes that expect it. */
  #expecting(depth: Depth): Map<Oid, Set<Node>> {
    const expecting = new Map<Oid, Set<Node>>()
    for (const parent of depth.values())
      for (const policy of parent.expected) {
        this.#budget.spend('policyLinks')
        const parents = expecting.get(policy)
        if (parents === undefined) expecting.set(policy, new Set([parent]))
        else parents.add(parent)
      }
    return expecting
  }

  /** 6.1.3 (d)(3): takes away what has no child, from below; an empty graph is NULL. */
  #prune(): void {
    const depths = this.#depths ?? []
    for (let lower = depths.length - 1; lower > 0; lower--) {
      const kept = new Set<Node>()
      for (const { parents } of depths[lower]!.values())
        for (const parent of parents) {
          this.#budget.spend('policyLinks')
          kept.add(parent)
        }
      for (const [policy, parent] of depths[lower - 1]!)
        if (!kept.has(parent)) depths[lower - 1]!.delete(policy)
    }
    if (depths[0]?.size === 0) this.#depths = undefined
  }
}

function node(policy: Oid, parents: ReadonlySet<Node>): Node {
  return { policy, parents, expected: new Set([policy]) }
}

function anyPolicyOf(depth: Depth): ReadonlySet<Node> | undefined {
  const wildcard = depth.get(anyPolicy)
  return wildcard && new Set([wildcard])
}
