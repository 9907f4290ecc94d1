// SPDX-License-Identifier: Apache-2.0
/** Texts of configurations with something to find in them, and near ones without. */
import type { RuleName } from '#trust/secrets/rules.ts'
import { base62, crc32 } from '#trust/secrets/tokens/crc32.ts'

export interface SettingCase {
  readonly rule: RuleName
  /** The format, and where it is described. */
  readonly source: string
  readonly file: string
  readonly finds: string
  /** The same format with nothing to find in it. */
  readonly silent: readonly string[]
}

/** GitHub's form: a random body and its checksum. */
const body = 'zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ'
export const gitHub = `ghp_${body}${base62(crc32(body), 6)}`
const jwt = (claims: object) =>
  [
    ...[{ alg: 'ES256', typ: 'JWT' }, claims].map((part) => base64url(JSON.stringify(part))),
    base64url('a signature of sixty-four octets, as ECDSA on P-256 gives one...'),
  ].join('.')

function base64url(text: string): string {
  return new TextEncoder().encode(text).toBase64({ alphabet: 'base64url', omitPadding: true })
}

// Hashes by openssl passwd -salt saltstring, of `correct horse battery` unless the rule says otherwise.
const sha512 =
  '$6$saltstring$dBHc6z5hpSlx63LLGnlt2xpSGH7T2QL7PJTCjPwajfWh/K10OPeGyl0Oe5VoIANbBgC0gNnRFVE.3uO/lesxj/'
const yescrypt = '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7'

export const settingCases: readonly SettingCase[] = [
  {
    ...{ rule: 'password-hash', source: 'shadow(5), crypt(5)', file: 'etc/shadow' },
    finds: `root:${sha512}:19000:0:99999:7:::\n`,
    silent: [
      'root:*:19000:0:99999:7:::\n',
      `root:!${sha512}:19000:0:99999:7:::\n`,
      'root:x:0:0:root:/root:/bin/sh\n',
    ],
  },
  {
    ...{ rule: 'password-hash', source: 'crypt(5) of libxcrypt, its example', file: 'etc/shadow' },
    finds: `daemon:*:1::::::\nadmin:${yescrypt}:19000:0:99999:7:::\n`,
    silent: ['daemon:*:1::::::\nadmin:!!:19000:0:99999:7:::\n'],
  },
  {
    ...{ rule: 'password-hash', source: 'htpasswd(1), bcrypt', file: 'htpasswd' },
    finds: 'web:$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC\n',
    silent: ['web:$2y$05$...\n', 'price: $2 and $5\n'],
  },
  {
    ...{ rule: 'password-hash-weak', source: 'crypt(3), DES; passwd(5)', file: 'passwd' },
    finds: 'root:Ab5J9IDzfMSLk:0:0:root:/root:/bin/sh\n',
    silent: [
      'root:x:0:0:root:/root:/bin/sh\nnobody:*:99:99::/:/bin/false\n',
      'name:abcdefghijklm\n',
    ],
  },
  {
    ...{ rule: 'password-hash-weak', source: 'mosquitto_passwd(1), version 1', file: 'pwfile' },
    finds:
      'roger:$6$clQ4Ocu312S0qWgl$Cv2wUxgEN73c6C6jlBkswqR4AkHsvDLWvtEXZZ8NpsBLgP1WAo/qA+WXcmEN/mjDNgdUwcxRAveqNMs2xUVQYA==\n',
    silent: ['roger:$6$...\n'],
  },
  {
    ...{ rule: 'password-default', source: 'openssl passwd -6, of root', file: 'shadow' },
    finds:
      'root:$6$saltstring$DdMx7.nV1ZynhlO7EO4TTn5gJugAa.k4jN2nRFAlHDSsA1gGewAT55AkcPA8aHi39qiSEC/Jgxw6MZ0ls9OrM0:1::::::\n',
    silent: ['root:!:1::::::\n'],
  },
  {
    ...{ rule: 'password-empty', source: 'shadow(5): an empty field', file: 'etc/shadow' },
    finds: 'root::10933:0:99999:7:::\n',
    silent: [
      'root:!:10933:0:99999:7:::\n',
      'root:: is what an empty password looks like\n',
      'scope root::method\n',
    ],
  },
  {
    ...{ rule: 'password-empty', source: 'passwd(5)', file: 'passwd' },
    finds: 'root:x:0:0::/:/bin/sh\nguest::500:500:guest:/home/guest:/bin/sh\n',
    silent: ['root:x:0:0::/:/bin/sh\nguest:x:500:500:guest:/home/guest:/bin/sh\n'],
  },
  {
    ...{ rule: 'wifi-password', source: 'wpa_supplicant.conf(5)', file: 'wpa.conf' },
    finds: 'network={\n\tssid="ward 7"\n\tpsk="Tango-Uniform-4"\n}\n',
    silent: [
      'network={\n\tssid="ward 7"\n\t#psk="Tango-Uniform-4"\n\tpsk="<your passphrase>"\n}\n',
      'network={\n psk=ext:home\n}\n',
    ],
  },
  {
    ...{ rule: 'wifi-password', source: 'hostapd.conf', file: 'hostapd.conf' },
    finds: 'interface=wlan0\nssid=setup\nwpa_passphrase=setup-1234\n',
    silent: ['interface=wlan0\n#wpa_passphrase=setup-1234\n', 'wpa_passphrase=$PASSPHRASE\n'],
  },
  {
    ...{ rule: 'wifi-password', source: 'nm-settings-keyfile(5)', file: 'ward.nmconnection' },
    finds:
      '[wifi]\nssid=ward\n\n[wifi-security]\nkey-mgmt=wpa-psk\npsk=Tango-Uniform-4\n\n[ipv4]\n',
    silent: ['[wifi-security]\nkey-mgmt=wpa-psk\npsk-flags=1\n\n[other]\nid=Tango-Uniform-4\n'],
  },
  {
    ...{ rule: 'wifi-password', source: 'OpenWrt, /etc/config/wireless', file: 'wireless' },
    finds:
      "config wifi-iface 'default'\n\toption device 'radio0'\n\toption key 'Tango-Uniform-4'\n",
    silent: [
      "config wifi-iface 'default'\n\toption encryption 'none'\n\nconfig other\n\toption key 'Tango-Uniform-4'\n",
    ],
  },
  {
    ...{ rule: 'wifi-password', source: 'ESP-IDF, sdkconfig', file: 'sdkconfig' },
    finds: 'CONFIG_ESP_WIFI_SSID="ward"\nCONFIG_ESP_WIFI_PASSWORD="Tango-Uniform-4"\n',
    silent: [
      'CONFIG_ESP_WIFI_PASSWORD="mypassword"\n',
      'CONFIG_ESP_WIFI_PASSWORD=""\n',
      'msgid "wifi password"\n',
    ],
  },
  {
    ...{ rule: 'wifi-password', source: 'a sketch of C', file: 'config.h' },
    finds: '#define WIFI_SSID "ward"\n#define WIFI_PASS "Tango-Uniform-4"\n',
    silent: ['#define WIFI_PASS "YOUR_PASSWORD"\n', '#define WIFI_PASS_LENGTH 64\n'],
  },
  {
    ...{ rule: 'mqtt-password', source: 'mosquitto.conf(5), bridges', file: 'mosquitto.conf' },
    finds: 'connection up\naddress broker:8883\nremote_username ward\nremote_password Tango-4\n',
    silent: ['#remote_password Tango-4\n'],
  },
  {
    ...{ rule: 'mqtt-password', source: 'RFC 3986 section 3.2.1', file: 'app.env' },
    finds: 'BROKER=mqtt://ward7:Tango-Uniform-4@broker.hospital.org:1883\n',
    silent: [
      'BROKER=mqtt://broker.hospital.org:1883\n',
      'BROKER=mqtt://user:pass@broker.example.com\n',
    ],
  },
  {
    ...{ rule: 'mqtt-password', source: 'a program in C', file: 'mqtt.c' },
    finds: 'static const char *mqtt_password = "Tango-4";\n',
    silent: ['static const char *mqtt_password = NULL;\n', 'mqtt_password = read_password(4);\n'],
  },
  {
    ...{ rule: 'url-password', source: 'RFC 3986 section 3.2.1', file: 'update.sh' },
    finds: '#!/bin/sh\nwget https://fleet:S3cret!pass@updates.maker.io/latest\n',
    silent: [
      'wget https://$USER:$PASS@updates.maker.io/latest\n',
      'see http://user:secret1@example.org/ and https://host:8443/a@b\n',
      'git clone ssh://git@github.com/x/y\n',
    ],
  },
  {
    ...{ rule: 'config-password', source: 'netrc(5)', file: '.netrc' },
    finds: 'machine git.maker.io login robot password Tango-4\n',
    silent: ['machine git.maker.io login robot\n', 'the machine is used to login by password\n'],
  },
  {
    ...{ rule: 'config-password', source: 'systemd.exec(5)', file: 'app.service' },
    finds: '[Service]\nEnvironment=DB_PASSWORD=Tango-4\nExecStart=/usr/bin/app\n',
    silent: ['[Service]\nEnvironment=HOME=/root\nEnvironment=DB_PASSWORD=%n\n'],
  },
  {
    ...{ rule: 'config-password', source: 'the config.json of docker login', file: 'config.json' },
    finds: `{ "auths": { "registry.maker.io": { "auth": "${btoa('robot:Tango-Uniform-4')}" } } }`,
    silent: ['{ "auths": { "registry.maker.io": {} }, "credsStore": "pass" }'],
  },
  {
    ...{ rule: 'config-password', source: 'Kubernetes, Secret v1', file: 'secret.yaml' },
    finds: `apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  password: ${btoa('Tango-4')}\n`,
    silent: [
      'apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n---\ndata:\n  a: bbbbbbbb\n',
      'kind: Secret\ndata:\n  password: {{ .Values.password }}\n',
    ],
  },
  {
    ...{ rule: 'config-password', source: 'a file of names and values', file: 'app.ini' },
    finds: '[db]\nuser = app\npassword = Tango-4\n',
    silent: [
      '[db]\nuser = app\npassword =\n',
      '[de]\npassword = Passwort\n',
      'def f(x):\n  password = "Tango-4"\n  return x\n',
    ],
  },
  {
    ...{ rule: 'access-token', source: 'GitHub, checksum of 2021', file: 'libapp.so' },
    finds: `\0\0${gitHub}\0`,
    silent: [`\0\0${gitHub.slice(0, -1)}0\0`, 'ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'],
  },
  {
    ...{ rule: 'access-token', source: 'AWS, IAM identifiers', file: 'credentials' },
    finds:
      'aws_access_key_id=AKIAQ3TLWZ2XNVK7RJ5M\naws_secret_access_key=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\n',
    silent: [
      'aws_access_key_id=AKIAIOSFODNN7EXAMPLE\naws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n',
      'an identifier AKIAQ3TLWZ2XNVK7RJ5M alone\n',
    ],
  },
  {
    ...{ rule: 'access-token', source: 'Azure IoT Hub, connection strings', file: 'a.env' },
    finds:
      'HostName=h.azure-devices.net;SharedAccessKey=hT7/qk2Vd9xYb1LmWc4ZrN8sJf0PgQeUaKi3oXyDabA=\n',
    silent: ['HostName=h.azure-devices.net;SharedAccessKey=<key>\n'],
  },
  {
    ...{ rule: 'access-token', source: 'GitLab, personal access tokens', file: 'ci.yml' },
    finds: 'token: glpat-Zt3bWq81LsXnVc7RkYpD\n',
    silent: ['token: glpat-xxxxxxxxxxxxxxxxxxxx\n', 'glpat-short\n'],
  },
  {
    ...{ rule: 'access-token', source: 'Telegram, bot API', file: 'bot.py' },
    finds: 'TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawQ"\n',
    silent: ['time 12:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawQ\n'],
  },
  {
    ...{ rule: 'signed-token', source: 'RFC 7519, RFC 7515', file: 'session' },
    finds: jwt({ sub: 'device', exp: 4_102_444_800 }),
    silent: [jwt({ sub: 'device', exp: 1_000_000_000 }), 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.'],
  },
  {
    ...{ rule: 'private-key', source: 'wg(8)', file: 'wg0.conf' },
    finds: '[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n',
    silent: [
      '[Interface]\nPrivateKey = ABC\n',
      '[Peer]\nPublicKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n',
    ],
  },
  {
    ...{ rule: 'symmetric-key', source: 'RFC 7517 appendix A.3', file: 'keys.json' },
    finds: '{"keys":[{"kty":"oct","alg":"A128KW","k":"GawgguFyGrWKav7AX4VKUg"}]}',
    silent: ['{"kty":"oct","k":"short"}', '{"kty":"EC","crv":"P-256","x":"MKBC","y":"4Etl"}'],
  },
  {
    ...{ rule: 'authorized-key', source: 'sshd(8)', file: 'root/.ssh/authorized_keys' },
    finds:
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS dev@laptop\n',
    silent: ['# nobody\n'],
  },
  {
    ...{ rule: 'ssh-root-login', source: 'sshd_config(5)', file: 'sshd_config' },
    finds: 'Port 22\nPermitRootLogin yes\n',
    silent: [
      '#PermitRootLogin yes\nPermitRootLogin prohibit-password\n',
      'set PermitRootLogin yes to let root in\n',
    ],
  },
  {
    ...{ rule: 'ssh-empty-passwords', source: 'sshd_config(5)', file: 'sshd_config' },
    finds: 'PermitEmptyPasswords yes\n',
    silent: ['PermitEmptyPasswords no\n'],
  },
  {
    ...{ rule: 'ssh-empty-passwords', source: 'dropbear(8)', file: 'dropbear.service' },
    finds: '[Service]\nExecStart=/usr/sbin/dropbear -w -B -p 22\n',
    silent: ['[Service]\nExecStart=/usr/sbin/dropbear -w -p 22\n'],
  },
  {
    ...{ rule: 'ssh-root-login', source: 'dropbear(8)', file: 'inittab' },
    finds: '::sysinit:/usr/sbin/dropbear -R -p 22\n',
    silent: ['::sysinit:/usr/sbin/dropbear -R -w\n', '# dropbear -R\n'],
  },
  {
    ...{ rule: 'telnet-enabled', source: 'inittab(5)', file: 'inittab' },
    finds: '::respawn:/usr/sbin/telnetd -F\n',
    silent: ['#::respawn:/usr/sbin/telnetd -F\n', 'telnetd was taken out\n'],
  },
  {
    ...{ rule: 'telnet-enabled', source: 'inetd.conf(5)', file: 'inetd.conf' },
    finds: 'telnet\tstream\ttcp\tnowait\troot\t/usr/sbin/tcpd\t/usr/sbin/in.telnetd\n',
    silent: ['#telnet\tstream\ttcp\tnowait\troot\t/usr/sbin/tcpd\n', 'telnet 23/tcp\n'],
  },
  {
    ...{ rule: 'root-shell-open', source: 'agetty(8)', file: 'serial.service' },
    finds: '[Service]\nExecStart=-/sbin/agetty --autologin root -8 --keep-baud ttyS0\n',
    silent: ["[Service]\nExecStart=-/sbin/agetty -o '-p -- \\\\u' --keep-baud ttyS0\n"],
  },
  {
    ...{ rule: 'root-shell-open', source: 'getty of busybox', file: 'inittab' },
    finds: 'ttyS0::respawn:/sbin/getty -n -l /bin/sh -L ttyS0 115200 vt100\n',
    silent: ['ttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100\n'],
  },
  {
    ...{ rule: 'root-shell-open', source: 'init of busybox', file: 'inittab' },
    finds: '::sysinit:/etc/init.d/rcS\n::askfirst:-/bin/sh\n',
    silent: [
      '::sysinit:/etc/init.d/rcS\n#::askfirst:-/bin/sh\n::respawn:/sbin/getty 115200 tty1\n',
    ],
  },
  {
    ...{ rule: 'boot-to-shell', source: 'the environment of U-Boot', file: 'env.bin' },
    finds:
      '\x8e\xf0\x12\x00bootdelay=0\0bootargs=console=ttyS0 root=/dev/mtdblock2 init=/bin/sh\0\0',
    silent: [
      'bootargs=console=ttyS0 root=/dev/mtdblock2 init=/sbin/init\0\0',
      'use init=/bin/sh to mend it',
    ],
  },
  {
    ...{ rule: 'boot-to-shell', source: 'the environment of U-Boot', file: 'env.bin' },
    finds: '\0bootargs=console=ttyS0 ro single\0',
    silent: ['\0bootargs=console=ttyS0 ro quiet\0'],
  },
  {
    ...{ rule: 'root-terminal-network', source: 'securetty(5)', file: 'securetty' },
    finds: '# where root may log in\nconsole\ntty1\npts/0\npts/1\n',
    silent: ['console\ntty1\n', 'pts/0\nnot a list of terminals\nconsole\n'],
  },
  {
    ...{ rule: 'debug-bridge-open', source: 'the properties of Android', file: 'default.prop' },
    finds: 'ro.secure=1\nro.debuggable=1\n',
    silent: ['ro.secure=1\nro.debuggable=0\n'],
  },
]
