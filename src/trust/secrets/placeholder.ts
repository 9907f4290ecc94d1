// SPDX-License-Identifier: Apache-2.0

const signs = /[$<>{}]|%[A-Za-z(]|^%|@[A-Z_]+@|^\W*$|^(.)\1+$|\.\.\./
const words =
  /^(?:none|null|nil|undefined|true|false|yes|no|on|off|foo|bar|baz|todo|redacted|removed|hidden|passphrase|passwd|pass|pw|pwd|password|secret|token|key|string|value|text|prompt|ask|file|env|here)$|your|example|placeholder|insert|replace|my_?(?:pass|secret|psk|wifi)|put_|some_?|the_|here$/i

/** As `signs`, in a format that puts no variables in: there a sign of one may be part of a password. */
const wholeSigns =
  /^\$\w+$|^\$[{(].*[)}]$|\{\{.*\}\}|^<.*>$|^%.*%$|^\{.*\}$|@[A-Z_]+@|^\W*$|^(.)\1+$|\.\.\./

/** Whether a value of such a format is a password, and no word of a manual. */
export function isLiteralPassword(value: string): boolean {
  return value.length >= 3 && !wholeSigns.test(value) && !words.test(value)
}

/** Whether a value stands for one that is put in later: a variable, a word of a manual, or nothing. */
export function isPlaceholder(value: string): boolean {
  return value.length < 3 || signs.test(value) || words.test(value)
}

/** For a context in which manuals abound: a password that stands there has a digit or a sign in it, or is a default. */
export function looksChosen(value: string): boolean {
  return !isPlaceholder(value) && !/[\s()]/.test(value) && /[0-9]|[^\w.:/,-]/.test(value)
}
