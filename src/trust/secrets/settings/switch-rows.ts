// SPDX-License-Identifier: Apache-2.0
import type { SettingRow } from './setting-row.ts'

/** Lines that let somebody in who should not be: each by the grammar of its own format. */
export const switchRows: readonly SettingRow[] = [
  {
    // sshd_config(5)
    ...{ rule: 'ssh-root-login', what: 'PermitRootLogin yes', confidence: 'certain' },
    needles: ['permitrootlogin'],
    anyCase: true,
    pattern: /^\s*PermitRootLogin[ \t=]+"?yes"?\s*(?:#.*)?$/i,
  },
  {
    ...{ rule: 'ssh-empty-passwords', what: 'PermitEmptyPasswords yes', confidence: 'certain' },
    needles: ['permitemptypasswords'],
    anyCase: true,
    pattern: /^\s*PermitEmptyPasswords[ \t=]+"?yes"?\s*(?:#.*)?$/i,
  },
  {
    // OpenWrt, /etc/config/dropbear
    ...{ rule: 'ssh-root-login', what: 'dropbear of OpenWrt', confidence: 'certain', after: 800 },
    needles: ['config dropbear'],
    pattern:
      /^config dropbear\b.*\n(?:(?!config\s).*\n){0,15}?\s*option\s+RootPasswordAuth\s+['"]?(?:on|1|yes)['"]?/,
  },
  {
    // dropbear(8): -w refuses root, -g its passwords, -s all passwords; -B takes empty ones.
    ...{ rule: 'ssh-empty-passwords', what: 'dropbear -B', confidence: 'certain' },
    needles: ['dropbear'],
    pattern: startsProgram('dropbear', '.*\\s-[A-Za-z]*B[A-Za-z]*(?:\\s|$).*'),
  },
  {
    ...{ rule: 'ssh-root-login', what: 'dropbear without -w, -g or -s', confidence: 'likely' },
    needles: ['dropbear'],
    pattern: startsProgram('dropbear', '(?!.*\\s-[A-Za-z]*[wgs])(?:\\s+(?:-\\w+|[\\w/.$:]+))*'),
  },
  {
    ...{ rule: 'telnet-enabled', what: 'telnetd is started', confidence: 'certain' },
    needles: ['telnetd'],
    pattern: startsProgram('(?:u|in\\.)?telnetd', '.*'),
  },
  {
    // inetd.conf(5)
    ...{ rule: 'telnet-enabled', what: 'inetd', confidence: 'certain', needles: ['telnet'] },
    pattern: /^\s*telnet\s+stream\s+tcp[46]?\s+(?:no)?wait\b.*$/,
  },
  {
    // xinetd.conf(5)
    ...{ rule: 'telnet-enabled', what: 'xinetd', confidence: 'certain', after: 800 },
    needles: ['service telnet'],
    pattern: /^\s*service\s+telnet\s*\{(?:(?!\}|disable\s*=\s*yes)[\s\S])*\}/,
  },
  {
    // A unit, a line of inittab or of inetd that hands out a shell instead of a login.
    ...{ rule: 'root-shell-open', what: 'a shell instead of a login', confidence: 'certain' },
    needles: ['telnetd', 'getty'],
    pattern: startsProgram(
      '(?:(?:u|in\\.)?telnetd|(?:a|m|ming|u)?getty)',
      '.*\\s-[a-zA-Z]*l\\s*(?:/usr)?/bin/(?:ba|da|a)?sh\\b.*',
    ),
  },
  {
    // agetty(8), mgetty, mingetty
    ...{ rule: 'root-shell-open', what: 'root is logged in by itself', confidence: 'certain' },
    needles: ['getty'],
    pattern: startsProgram(
      '(?:a|m|ming|u)?getty',
      '.*\\s(?:--autologin[ =]|-[A-Za-z]*a\\s+)root\\b.*',
    ),
  },
  {
    // inittab of busybox: a shell at a terminal.
    ...{
      rule: 'root-shell-open',
      what: 'init starts a shell at a terminal',
      confidence: 'certain',
    },
    needles: ['respawn:', 'askfirst:'],
    pattern: /^[\w/.-]*:[0-9sS]*:(?:respawn|askfirst):-?(?:\/usr)?\/bin\/(?:ba|da|a)?sh\b.*$/,
  },
  {
    ...{ rule: 'boot-to-shell', what: 'init=/bin/sh in the boot arguments', confidence: 'certain' },
    ...{ needles: ['init=/bin/', 'init=/usr/bin/'], anywhere: true },
    pattern:
      /^(?=.*\b(?:bootargs|console=|root=\/dev|APPEND|append|linux)\b).*(?<!\w)init=(?:\/usr)?\/bin\/(?:ba|da|a)?sh\b.*$/,
  },
  {
    ...{
      rule: 'boot-to-shell',
      what: 'single-user mode in the boot arguments',
      confidence: 'likely',
    },
    ...{ needles: ['bootargs'], anywhere: true },
    pattern: /^(?:setenv\s+)?bootargs[= ].*\s(?:single|S|1)(?:\s|["']?$).*$/,
  },
  {
    // Properties of Android.
    ...{ rule: 'debug-bridge-open', what: 'ro.debuggable=1', confidence: 'certain' },
    needles: ['ro.debuggable=1'],
    pattern: /^ro\.debuggable=1\s*$/,
  },
  {
    ...{ rule: 'debug-bridge-open', what: 'adb without its own authentication' },
    ...{ confidence: 'certain', needles: ['ro.adb.secure=0', 'ro.secure=0'] },
    pattern: /^ro\.(?:adb\.)?secure=0\s*$/,
  },
]

/**
 * A line that starts a program: of a unit of systemd, of inittab, of inetd, or a command of a script that stands alone;
 * no comment, no sentence.
 */
function startsProgram(program: string, rest: string): RegExp {
  const directory = '(?:/usr)?/(?:local/)?s?bin/'
  const inits =
    'ExecStart=[-@+!]*|[\\w/.-]*:[0-9sS]*:(?:respawn|once|wait|sysinit|boot|askfirst|ondemand):-?'
  const inetd = '\\S+\\s+stream\\s+tcp[46]?\\s+nowait\\S*\\s+\\S+\\s+'
  const shell = '\\s*(?:start-stop-daemon\\s+.*--?\\s*)?'
  return new RegExp(
    `^(?:(?:${inits}|${inetd})(?:\\S*/)?(?:busybox\\s+)?|${shell}${directory}(?:busybox\\s+)?|/bin/busybox\\s+)${program}(?=\\s|$|&)${rest}$`,
  )
}
