// SPDX-License-Identifier: Apache-2.0

/**
 * Where the PIN comes from, and whether it may be tried.
 *
 * A PIN that did not open the token MUST NOT be given again before a person acted, not even after a restart: a
 * token locks itself after a few, and whoever restarts a server that does not come up locks it in a minute. That
 * holds for a try without a clear end, too, as when the module crashed in it: it may have been counted.
 */
export interface Pins {
  /** The PIN for one try, or what a person has to do before there is one. */
  next(): Promise<GivenPin | { readonly kind: 'wait'; readonly because: string }>
  /** The one that `next` gave last goes to the token now. Resolves once that is kept; if it rejects, it MUST NOT go. */
  trying(): Promise<void>
  /** It was refused. Resolves once that is kept. */
  refused(): Promise<void>
  /** It opened the token, and may open it again and again. */
  accepted(): Promise<void>
}

export interface GivenPin {
  readonly kind: 'pin'
  readonly pin: string
  /**
   * Whether it may be tried though somebody gave the token a wrong one: it opened the token before, or a person
   * gave it after another was refused here. Else a wrong PIN on each of several nodes would lock their token.
   */
  readonly afterRefusal: boolean
}
