// SPDX-License-Identifier: Apache-2.0
import { base62, crc32 } from './crc32.ts'

/** One kind of token that its maker made so that it can be told from anything else. */
export interface TokenRow {
  readonly service: string
  /** What it is found by; some tokens have no beginning of their own and are looked for around a word. */
  readonly needles: readonly string[]
  /** Matches the token itself, as its first group. */
  readonly pattern: RegExp
  readonly confidence: 'certain' | 'likely'
  /** Its own checksum. */
  readonly check?: (token: string) => boolean
  /** How far from the needle it may stand; absent: it begins with it. */
  readonly around?: number
}

/** GitHub's engineering blog of 2021-04-05: the last six characters are CRC-32 of what stands before, in base 62. */
function hasChecksum(token: string): boolean {
  const body = token.slice(token.indexOf('_') + 1, -6)
  return base62(crc32(body), 6) === token.slice(-6)
}

/** By what the services themselves publish of the form of their tokens. Lengths are exact where they say so. */
export const tokenRows: readonly TokenRow[] = [
  {
    ...{ service: 'GitHub', confidence: 'certain', check: hasChecksum },
    needles: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    pattern: /(gh[pousr]_[A-Za-z0-9]{36})(?![A-Za-z0-9])/,
  },
  {
    ...{ service: 'GitHub', confidence: 'likely', needles: ['github_pat_'] },
    pattern: /(github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})(?![A-Za-z0-9])/,
  },
  {
    ...{ service: 'npm', confidence: 'certain', check: hasChecksum, needles: ['npm_'] },
    pattern: /(npm_[A-Za-z0-9]{36})(?![A-Za-z0-9])/,
  },
  {
    ...{ service: 'GitLab', confidence: 'likely' },
    needles: ['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glcbt-'],
    pattern: /(gl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_-]{20,64})(?![A-Za-z0-9_-])/,
  },
  {
    // AWS, IAM identifiers: AKIA is of a long-lived key; its secret of 40 characters stands near.
    ...{ service: 'AWS', confidence: 'likely', needles: ['AKIA'] },
    pattern:
      /(?<![A-Z0-9])(AKIA[A-Z2-7]{16})(?![A-Z0-9])[\s\S]{1,300}?(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/,
  },
  {
    ...{ service: 'Slack', confidence: 'likely', needles: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxs-'] },
    pattern: /(xox[bpas]-\d{10,13}-\d{10,13}-(?:\d{10,13}-)?[A-Za-z0-9]{24,32})(?![A-Za-z0-9])/,
  },
  {
    ...{ service: 'Slack (webhook)', confidence: 'likely', needles: ['hooks.slack.com/services/'] },
    pattern: /(hooks\.slack\.com\/services\/T[A-Z0-9]{8,12}\/B[A-Z0-9]{8,12}\/[A-Za-z0-9]{24})/,
  },
  {
    ...{ service: 'Stripe', confidence: 'likely', needles: ['sk_live_', 'rk_live_'] },
    pattern: /([sr]k_live_[A-Za-z0-9]{24,247})(?![A-Za-z0-9])/,
  },
  {
    ...{ service: 'Google', confidence: 'likely', needles: ['AIza'] },
    pattern: /(?<![A-Za-z0-9_-])(AIza[A-Za-z0-9_-]{35})(?![A-Za-z0-9_-])/,
  },
  {
    ...{ service: 'Azure storage', confidence: 'certain', needles: ['AccountKey='] },
    pattern: /AccountKey=([A-Za-z0-9+/]{86}==)/,
  },
  {
    ...{ service: 'Azure IoT Hub or Service Bus', confidence: 'certain' },
    needles: ['SharedAccessKey='],
    pattern: /SharedAccessKey=([A-Za-z0-9+/]{43}=)/,
  },
  {
    // The prefix is a macaroon for pypi.org, in base64.
    ...{ service: 'PyPI', confidence: 'certain', needles: ['pypi-AgEIcHlwaS5vcmc'] },
    pattern: /(pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,1000})/,
  },
  {
    ...{ service: 'SendGrid', confidence: 'likely', needles: ['sendgrid'], around: 512 },
    pattern: /(?<![A-Za-z0-9_.-])(SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])/,
  },
  {
    ...{ service: 'Twilio', confidence: 'likely', needles: ['twilio'], around: 256 },
    pattern: /(?<![A-Za-z0-9])(SK[0-9a-f]{32})(?![A-Za-z0-9])/,
  },
  {
    ...{ service: 'Telegram bot', confidence: 'likely', around: 12 },
    needles: [':AAA', ':AAB', ':AAC', ':AAD', ':AAE', ':AAF', ':AAG', ':AAH'],
    pattern: /(?<![A-Za-z0-9])(\d{8,10}:AA[A-H][A-Za-z0-9_-]{32})(?![A-Za-z0-9_-])/,
  },
  {
    ...{ service: 'Tailscale', confidence: 'likely' },
    needles: ['tskey-auth-', 'tskey-api-', 'tskey-client-'],
    pattern: /(tskey-(?:auth|api|client)-[A-Za-z0-9]{10,20}-[A-Za-z0-9]{20,40})(?![A-Za-z0-9])/,
  },
  {
    ...{ service: 'DigitalOcean', confidence: 'likely', needles: ['dop_v1_', 'doo_v1_'] },
    pattern: /(do[op]_v1_[0-9a-f]{64})(?![A-Za-z0-9])/,
  },
  {
    ...{ service: 'Docker Hub', confidence: 'likely', needles: ['dckr_pat_'] },
    pattern: /(dckr_pat_[A-Za-z0-9_-]{27})(?![A-Za-z0-9_-])/,
  },
  {
    ...{ service: 'Shopify', confidence: 'likely', needles: ['shpat_', 'shpss_'] },
    pattern: /(shp(?:at|ss)_[0-9a-fA-F]{32})(?![A-Za-z0-9])/,
  },
  {
    ...{ service: 'OpenAI', confidence: 'likely', needles: ['T3BlbkFJ'], around: 120 },
    pattern: /(sk-(?:[a-z]+-)?[A-Za-z0-9_-]{20,80}T3BlbkFJ[A-Za-z0-9_-]{20,80})(?![A-Za-z0-9_-])/,
  },
  {
    ...{ service: 'Anthropic', confidence: 'likely', needles: ['sk-ant-'] },
    pattern: /(sk-ant-[a-z]+\d\d-[A-Za-z0-9_-]{80,120})(?![A-Za-z0-9_-])/,
  },
  {
    ...{ service: 'Grafana', confidence: 'likely', needles: ['glsa_'] },
    pattern: /(glsa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8})(?![A-Za-z0-9])/,
  },
]
