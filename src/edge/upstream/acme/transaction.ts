// SPDX-License-Identifier: Apache-2.0

/** Where an order of ours stands at its authority, as the ledger keeps it. */
export interface Transaction {
  /** The order's URL. */
  readonly order: string
  /** The tokens of the challenges that it waits for: any node may be asked for them. */
  readonly tokens: readonly string[]
}

export function transactionText({ order, tokens }: Transaction): string {
  return JSON.stringify({ order, tokens })
}

/** Undefined for none; it was written by `transactionText` and by nobody else. */
export function parseTransaction(text: string | null): Transaction | undefined {
  return text === null ? undefined : (JSON.parse(text) as Transaction)
}
