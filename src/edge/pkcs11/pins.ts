// SPDX-License-Identifier: Apache-2.0

/**
 * Where the PIN comes from, and whether it may be tried.
 *
 * A PIN that was refused MUST NOT be given again before a person acted, not even after a restart: a token locks
 * itself after a few, and whoever restarts a server that does not come up locks it in a minute.
 */
export interface Pins {
  /** The PIN for one try, or what a person has to do before there is one. */
  next(): Promise<
    | { readonly kind: 'pin'; readonly pin: string }
    | { readonly kind: 'wait'; readonly because: string }
  >
  /** The one that `next` gave last was refused. Resolves once that is kept. */
  refused(): Promise<void>
  /** The one that `next` gave last opened the token. */
  accepted(): Promise<void>
}
