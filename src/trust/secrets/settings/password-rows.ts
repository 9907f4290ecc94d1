// SPDX-License-Identifier: Apache-2.0
import { isLiteralPassword, isPlaceholder, looksChosen } from '../placeholder.ts'
import type { SettingRow } from './setting-row.ts'

/** Hosts that no device talks to: RFC 2606, RFC 6761, and what manuals write. */
const nobody =
  /^(?:localhost|127\.|0\.0\.0\.0|host(?:name)?$|server$|proxy\w*$|domain|site$|url$|ip$|addr|my|your|some|fake|dummy|foo|bar|a$|b$|h$|x$)|(?:^|\.)(?:example(?:\.\w+)?|test|invalid|localhost|local|tld)$|\.\./i
const nobodysUser = /^(?:user(?:name)?|login|foo|name|me|u|usr|joe|john|jane|alice|bob)$/i

/** The last letters of the schemes that carry a user and a password: http, https, ftp, mqtt, amqp, postgresql, redis, … */
const schemeEnds = ['p://', 's://', 't://', 'l://', 'b://', 'h://', 'v://']

/** Passwords in formats that are common to many programs. */
export const passwordRows: readonly SettingRow[] = [
  {
    ...{ rule: 'url-password', what: 'an address with a password', confidence: 'likely' },
    ...{ needles: schemeEnds, anywhere: true },
    pattern:
      /(?<scheme>[a-z][a-z0-9+]{1,15}):\/\/(?<user>[^\s:@/"'<>?#\\]{1,64}):(?<value>[^\s@/"'<>\\]{3,128})@(?<name>[A-Za-z0-9.-]{2,253})/,
    judge: (value, { user = '', name = '' }) =>
      looksChosen(value) &&
      !isPlaceholder(`${user}__`) &&
      !nobodysUser.test(user) &&
      !nobody.test(name),
  },
  {
    // netrc(5)
    ...{ rule: 'config-password', what: 'netrc', confidence: 'certain', after: 400 },
    needles: ['machine '],
    pattern:
      /^\s*machine\s+(?<name>\S{3,253})\s+login\s+\S{1,64}\s+(?:account\s+\S+\s+)?password\s+(?<value>\S{3,128})/,
    judge: (value, { name = '' }) => isLiteralPassword(value) && !nobody.test(name),
  },
  {
    // systemd.exec(5)
    ...{ rule: 'config-password', what: 'a unit of systemd', confidence: 'likely' },
    needles: ['Environment='],
    pattern:
      /^Environment=(?:.*[\s"'])?(?<name>\w{0,60}(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY))=(?<value>[^\s"']{3,200})/i,
  },
  {
    // The client of Docker keeps user and password in base64.
    ...{ rule: 'config-password', what: 'a login at a container registry', confidence: 'certain' },
    ...{ needles: ['"auths"'], after: 2_000 },
    pattern:
      /"auths"\s*:\s*\{\s*"(?<name>[^"]{3,200})"\s*:\s*\{[^{}]*?"auth"\s*:\s*"(?<value>[A-Za-z0-9+/=]{8,400})"/,
    judge: (value) => /^[\x21-\x7e]+:[\x21-\x7e]{3,}$/.test(decoded(value)),
  },
  {
    ...{ rule: 'config-password', what: 'a Secret of Kubernetes', confidence: 'likely' },
    ...{ needles: ['kind: Secret'], after: 3_000 },
    pattern:
      /^kind: Secret\s*?\r?\n(?:(?!---).*\r?\n){0,30}?(?:data|stringData):\s*?\r?\n(?:\s+#.*\r?\n)*\s+(?<name>[\w.-]{1,100}):\s+["']?(?<value>[^\s"'{}$<>]{4,4000})/,
    judge: (value) => !isPlaceholder(value) || /^[A-Za-z0-9+/]{8,}={0,2}$/.test(value),
  },
  {
    // mount.cifs(8): a file of credentials.
    ...{ rule: 'config-password', what: 'credentials of a network share', confidence: 'likely' },
    ...{ needles: ['username='], after: 300 },
    pattern: /^username=(?<name>\S{1,64})\r?\npassword=(?<value>\S{3,128})\r?(?:\n|$)/,
    judge: isLiteralPassword,
  },
  {
    // ppp: chap-secrets and pap-secrets.
    ...{ rule: 'config-password', what: 'secrets of PPP', confidence: 'certain', after: 2_000 },
    needles: ['# Secrets for authentication using', '# client\tserver\tsecret'],
    pattern:
      /^#[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n){0,20}[ \t]*(?<name>[^\s#]+)[ \t]+\S+[ \t]+"?(?<value>[^\s"]{3,128})"?/,
    judge: isLiteralPassword,
  },
  {
    // Linux's keyboard of C: a name that says password, and a string beside it.
    ...{ rule: 'config-password', what: 'a password in a program', confidence: 'possible' },
    ...{ needles: ['_PASSWORD "', '_PASSWORD\t', '_PASSWD "', '_PASSWORD  '] },
    pattern: /^\s*#\s*define\s+(?<name>\w*(?:PASSWORD|PASSWD))\s+"(?<value>[^"\s]{3,64})"\s*$/,
    judge: looksChosen,
  },
]

function decoded(base64: string): string {
  try {
    return new TextDecoder('latin1').decode(Uint8Array.fromBase64(base64))
  } catch (error) {
    if (error instanceof SyntaxError) return ''
    throw error
  }
}
