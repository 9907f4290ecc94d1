// SPDX-License-Identifier: Apache-2.0
import { isLiteralPassword, isPlaceholder, looksChosen } from '../placeholder.ts'
import type { SettingRow } from './setting-row.ts'

/** Passwords of wireless networks and brokers, by the formats that devices keep them in. */
export const networkRows: readonly SettingRow[] = [
  {
    // wpa_supplicant.conf(5)
    ...{ rule: 'wifi-password', what: 'wpa_supplicant', confidence: 'certain', needles: ['psk='] },
    pattern: /^\s*psk=(?:"(?<value>[^"]{8,63})"|(?<value>[0-9a-fA-F]{64}))\s*(?:#.*)?$/,
    judge: isLiteralPassword,
  },
  {
    ...{ rule: 'wifi-password', what: 'wpa_supplicant (WEP)', confidence: 'certain' },
    needles: ['wep_key'],
    pattern: /^\s*wep_key[0-3]=(?:"(?<value>[^"]{5,16})"|(?<value>[0-9a-fA-F]{10,32}))\s*$/,
    judge: isLiteralPassword,
  },
  {
    // hostapd.conf
    ...{ rule: 'wifi-password', what: 'hostapd', confidence: 'certain' },
    needles: ['wpa_passphrase=', 'wpa_psk=', 'sae_password='],
    pattern:
      /^\s*(?:wpa_passphrase=(?<value>.{8,63})|wpa_psk=(?<value>[0-9a-fA-F]{64})|sae_password=(?<value>[^|\s]{8,63}).*)$/,
    judge: isLiteralPassword,
  },
  {
    // nm-settings-keyfile(5)
    ...{ rule: 'wifi-password', what: 'NetworkManager', confidence: 'certain', after: 1_000 },
    needles: ['[wifi-security]', '[802-11-wireless-security]'],
    pattern: /^\[[\w-]+\]\r?\n(?:(?!\[).*\r?\n){0,20}?psk=(?<value>.{8,64}?)\r?(?:\n|$)/,
    judge: isLiteralPassword,
  },
  {
    // OpenWrt, /etc/config/wireless
    ...{ rule: 'wifi-password', what: 'OpenWrt', confidence: 'certain', after: 1_500 },
    needles: ['wifi-iface'],
    pattern:
      /^config\s+wifi-iface\b.*\n(?:(?!config\s).*\n){0,30}?\s*option\s+key\s+(?:'(?<value>[^'\n]{8,64})'|"(?<value>[^"\n]{8,64})"|(?<value>[^\s'"]{8,64}))/,
    judge: isLiteralPassword,
  },
  {
    // ESP-IDF's sdkconfig, and what sketches call it.
    ...{ rule: 'wifi-password', what: 'a Wi-Fi password in a program or its configuration' },
    ...{ confidence: 'likely', anyCase: true },
    needles: ['wifi_pass', 'wifi_psk', 'wifi_passphrase', 'wlan_pass', 'wlan_psk'],
    pattern:
      /^\s*(?:CONFIG_\w*|#\s*define\s+\w*|(?:static\s+|constexpr\s+)*const\s+char\s*\*?\s*(?:const\s+)?\w*|export\s+\w*|"\w*)(?<name>(?:wifi|wlan)_?(?:passphrase|password|pass|psk)\w*)"?(?:\s{0,9}\[\s?\])?(?:\s{0,40}[=:])?\s{0,40}"(?<value>[^"]{8,63})"/i,
    judge: (value) => !isPlaceholder(value) && !/^my/i.test(value),
  },
  {
    // mosquitto.conf(5), of a bridge.
    ...{ rule: 'mqtt-password', what: 'mosquitto (bridge)', confidence: 'certain' },
    needles: ['remote_password'],
    pattern: /^\s*remote_password\s+(?<value>\S.*?)\s*$/,
    judge: isLiteralPassword,
  },
  {
    ...{ rule: 'mqtt-password', what: 'an MQTT password in a program or its configuration' },
    ...{ confidence: 'likely', anyCase: true },
    needles: ['mqtt_pass', 'mqtt_password', 'mqttpass'],
    pattern:
      /^\s*(?:CONFIG_\w*|#\s*define\s+\w*|(?:static\s+|constexpr\s+)*const\s+char\s*\*?\s*(?:const\s+)?\w*|export\s+\w*|["']?\w*)(?<name>mqtt_?(?:password|passwd|pass)\w*)["']?(?:\s{0,9}\[\s?\])?(?:\s{0,40}[=:]\s{0,40}|\s{1,40})(?:"(?<value>[^"\n]{3,128})"|'(?<value>[^'\n]{3,128})'|(?<value>[^\s"'#;,(){}]{3,128})\s*$)/i,
    judge: (value) => looksChosen(value) && !value.includes('('),
  },
  {
    // A WireGuard interface, wg(8).
    ...{ rule: 'private-key', what: 'X25519 private key, WireGuard', confidence: 'certain' },
    ...{ needles: ['PrivateKey'], anyCase: true },
    pattern: /^\s*PrivateKey\s*=\s*(?<value>[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)\s*$/i,
    judge: (value) => new Set(value).size > 16,
  },
]
