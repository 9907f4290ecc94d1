#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gives a device its identity and renews it, with POSIX sh, openssl (1.1.1 or 3) and curl alone.
# Its state directory is that of vitalsign-device: either can go on where the other stopped.
# With --tpm it reads vitalsign-tpm.sh, which lies beside it and needs tpm2-tools and tpm2-openssl.
set -eu
umask 077 && export LC_ALL=C

help() {
  cat <<'END'
vitalsign-enrol.sh: get a device its identity, and renew it

  enrol --server https://HOST:PORT --serial SERIAL --root FINGERPRINT [--code-file FILE]
        [--label LABEL] [--birth] [--again]
      FINGERPRINT: SHA-256 of the server's root certificate. The enrolment code is the first line of
      FILE or of standard input. --birth takes a birth identity from entrance LABEL-birth first.
      --tpm WHERE [--tpm-endorsement NAME]: the key is made in a TPM (device:/dev/tpmrm0), and the
      server proves that; no code is read without --code-file, if the TPM is registered.
  renew [--now]
      renews after two thirds of the life, or when told to; what is not accepted comes back through birth
  show

Every command takes --state DIR (./vitalsign-device). DIR/working.pem is key and certificates.
With --wait, enrol and renew come back to a server that says "later" by themselves, 12 times at most.
Exit status: 0 done, 1 refused, 2 wrong use, 3 broken; after 3 the same command may be run again.
END
}

die() { printf 'vitalsign-enrol.sh: %s\nhint: %s\n' "$2" "$3" >&2 && exit "$1"; } # STATUS MESSAGE HINT

# --- files: each gets new content by one rename of bytes that are on the disk already ---
replace() { cat >"$state/$1.part" && sync && mv -f "$state/$1.part" "$state/$1" && sync; } # NAME
setting() { sed -n "s/^$1=//p" "$state/settings"; }
digest() { openssl x509 -in "$1" -outform DER | openssl dgst -sha256 -r | cut -c1-64; }
with_key() { if [ -n "$conf" ]; then OPENSSL_CONF=$conf "$@"; else "$@"; fi; } # COMMAND that may need a key of the TPM
public_key() { with_key openssl pkey -in "$1" -pubout 2>"$work/why"; }
part() { # FILE.pem -> FILE-1.pem, FILE-2.pem ...: its certificates one by one
  awk -v to="${1%.pem}-" '/^-----BEGIN/ { file = to (++n) ".pem" } file { print >file }
    /^-----END/ { close(file); file = "" }' "$1"
}
is_for() { [ "$(openssl x509 -in "$1" -noout -pubkey 2>"$work/why")" = "$(public_key "$2")" ]; } # CERTIFICATE KEY

# --- DER by hand: a renewal repeats subject and subjectAltName to the byte; openssl 1.1.1 cannot ---
hex() { od -An -v -tx1 | tr -d ' \n'; }
unhex() { # hex digits on standard input
  printf '%b' "$(awk -v d=0123456789abcdef '{ for (i = 1; i < length($0); i += 2)
    printf "\\0%03o", 16 * (index(d, substr($0, i, 1)) - 1) + index(d, substr($0, i + 1, 1)) - 1 }')"
}
tlv() { # TAG HEX: one DER value
  size=$((${#2} / 2))
  if [ $size -lt 128 ]; then printf '%s%02x%s' "$1" $size "$2"
  elif [ $size -lt 256 ]; then printf '%s81%02x%s' "$1" $size "$2"
  else printf '%s82%04x%s' "$1" $size "$2"; fi
}
names_of() { # CERTIFICATE: line 1 its subject in hex, line 2 its subjectAltName extension, if any
  openssl x509 -in "$1" -out "$work/leaf.pem"
  openssl asn1parse -in "$work/leaf.pem" |
    awk -v hex="$(openssl x509 -in "$1" -outform DER | hex)" '{ gsub(/[:=]/, " ") }
      $9 == "SEQUENCE" { from[$3] = $1; size[$3] = $5 + $7; if ($3 == 2 && ++n == 4) say(2) }
      /X509v3 Subject Alternative Name/ { say($3 - 1) }
      function say(d) { print substr(hex, 2 * from[d] + 1, 2 * size[d]) }'
}
own_name() { tlv 30 "$(name_part 0603550403 0c)$(name_part 0603550405 13)"; } # CN=SERIAL, serialNumber=SERIAL
name_part() { tlv 31 "$(tlv 30 "$1$(tlv "$2" "$(printf %s "$serial" | hex)")")"; }

request_for() { # KEY SUBJECT EXTENSION: PKCS #10 in hex, signed with ecdsa-with-SHA256
  wish=
  [ -z "$3" ] || wish=$(tlv 30 "06092a864886f70d01090e$(tlv 31 "$(tlv 30 "$3")")")
  info=$(tlv 30 "020100$2$(with_key openssl pkey -in "$1" -pubout -outform DER | hex)$(tlv a0 "$wish")")
  signature=$(printf '%s\n' "$info" | unhex | with_key openssl dgst -sha256 -sign "$1" | hex)
  [ -n "$signature" ] || die 3 'the key does not sign' 'is the TPM free, and is a resource manager before it?'
  tlv 30 "${info}300a06082a8648ce3d040302$(tlv 03 "00$signature")"
}

# --- the server ---
open_bag() { # FILE with a certs-only CMS in base64 -> $work/bag.pem, and one by one $work/bag-*.pem
  rm -f "$work"/bag*
  tr -d ' \r\n' <"$1" | openssl base64 -d -A >"$work/bag.der" &&
    openssl pkcs7 -inform DER -in "$work/bag.der" -print_certs -out "$work/bag.pem" 2>"$work/why" && part "$work/bag.pem"
  [ -f "$work/bag-1.pem" ] || die 1 'answer-malformed: the answer holds no certificates' 'is this an EST server?'
}

# Whoever sits on the wire can change what s_client brings. No secret is sent, and of all that comes
# only the certificate whose SHA-256 was given is kept; all else goes over TLS that this root vouches for.
fetch_root() {
  at=${server#https://}
  case $at in *:[0-9]*) ;; *) at=$at:443 ;; esac
  name=${at%:*}
  case $name in \[*) name= ;; *[!0-9.]*) ;; *) name= ;; esac # an address is no server name
  printf 'GET /.well-known/est/cacerts HTTP/1.0\r\nHost: %s\r\n\r\n' "$at" >"$work/question"
  (ulimit -f 1024 && exec openssl s_client -quiet -connect "$at" ${name:+-servername "$name"} \
    <"$work/question" >"$work/head" 2>"$work/why") & pid=$!
  while kill -0 $pid 2>/dev/null && [ ${#tick} -lt 100 ]; do { sleep 0.2 2>/dev/null || sleep 1; } && tick=$tick.; done
  kill $pid 2>/dev/null || true
  awk 'body { print } /^\r?$/ { body = 1 }' "$work/head" >"$work/answer"
  [ -s "$work/answer" ] || die 3 "server-unreachable: no answer from $server" 'is it running, and is the address right?'
  open_bag "$work/answer"
  for one in "$work"/bag-*.pem; do
    [ "$(digest "$one")" != "$root" ] || { replace root.pem <"$one"; return; }
  done
  die 1 "root-differs: $server offers no root $root" 'compare it with what the server printed; do not go on'
}

# The empty --capath matters: without it curl believes the authorities of the system, too. The login
# goes through a pipe, so that it stands in no argument.
ask() { # PATH CURL-ARGUMENT... -> $status, and the body in $work/answer
  path=$1 && shift
  : >"$work/answer"
  status=$(with_key curl --silent --show-error --proto =https --tlsv1.2 --max-time 60 --max-filesize 262144 \
    --config - --cacert "${trusted:-$state/root.pem}" --capath "$work/none" --dump-header "$work/head" --output "$work/answer" \
    --write-out '%{http_code}' "$@" "$server$path" 2>"$work/why" <<END
$login
END
  ) || die 3 "$path: $(tail -n 1 "$work/why")" 'look at the network, the address, and the clock of this device'
  words=$(tr -d '\000-\037\177' <"$work/answer" | cut -c1-300)
  case $status in 202 | 429 | 5??)
    after=$(awk 'tolower($1) == "retry-after:" { print $2 }' "$work/head" | tr -dc '0-9' | cut -c1-5)
    [ -n "$wait" ] && [ $((tries -= 1)) -gt 0 ] ||
      die 3 "the server asks to come again later (status $status)" "run the same command again${after:+ after $after s}"
    printf 'the server asks to come again later (status %s); again in %s s\n' "$status" "${after:=60}" >&2
    sleep "$after" && ask "$path" "$@" ;;
  esac
}

new_key() { # it tests no noise, and says nothing of how the key was made
  [ ! -f "$state/settings" ] || [ -z "$(setting noise)" ] ||
    die 1 'noise-not-tested: the settings name a raw source of noise, and this client tests none' 'renew with vitalsign-device, or take the line noise= out'
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve -out "$work/key"
}
# --- an identity on its way: SLOT.request.pem -> SLOT.next.pem, unproven -> SLOT.pem ---
obtain() { # SLOT SUBJECT EXTENSION OPERATION CURL-ARGUMENT...
  slot=$1 asked=$state/$1.request.pem operation=$4
  # The request of an earlier run is sent again if it asks for the same: a lost answer is not a lost code.
  case $(openssl req -in "$asked" -outform DER 2>"$work/why" | hex) in *"020100${2}30"*"$3"*) ;; *)
    new_key
    request_for "$work/key" "$2" "$3" | unhex | openssl req -inform DER -out "$work/request"
    cat "$work/key" "$work/request" | replace "$slot.request.pem" ;;
  esac
  openssl req -in "$asked" -outform DER | openssl base64 -A >"$work/post"
  shift 4
  [ -z "$tpm" ] || { prove "$asked" && { [ $# -gt 0 ] || login="user = \"$serial:$ticket\""; }; }
  ask "/.well-known/est$operation" --header 'Content-Type: application/pkcs10' --data-binary "@$work/post" "$@" && login=''
  if [ "$status" != 200 ]; then
    rm -f "$asked" # the "no" may be about the key: the next attempt makes another
    die 1 "refused-by-server: status $status: $words" "the words above are the server's; its log names the rule"
  fi
  receive
  settle "$slot"
}
receive() { # takes our certificate out of the answer if the root vouches for it, or another that the server offers
  open_bag "$work/answer"; rm -f "$work/ours.pem"
  for one in "$work"/bag-*.pem; do ! is_for "$one" "$asked" || mv "$one" "$work/ours.pem"; done
  [ -f "$work/ours.pem" ] || die 1 'answer-not-ours: no certificate of the answer is for our key' 'tell the one who runs the server'
  ask /.well-known/est/cacerts
  open_bag "$work/answer"
  cat "$state/root.pem" "$work/bag.pem" >"$work/roots.pem" && openssl verify -trusted "$work/roots.pem" -untrusted "$work/bag.pem" "$work/ours.pem" >"$work/why" 2>&1 ||
    die 1 'certificate-not-trusted: the root does not vouch for the answer' 'tell the one who runs the server'
  { sed -n '/PRIVATE KEY-/,/PRIVATE KEY-/p' "$asked" && chain; } | replace "$slot.next.pem"
}
chain() { # our certificate and those above it, without the root
  link=$work/ours.pem
  for _ in 1 2 3 4; do
    above=$(openssl x509 -in "$link" -noout -issuer_hash)
    [ "$above" != "$(openssl x509 -in "$link" -noout -subject_hash)" ] || return 0
    openssl x509 -in "$link"
    for one in "$work"/bag-*.pem; do
      [ "$(openssl x509 -in "$one" -noout -subject_hash)" != "$above" ] || link=$one
    done
  done
}
settle() { # SLOT: the new one proves itself in a real connection; only then the old one goes
  next=$state/$1.next.pem
  ask /whoami --cert "$next" --key "$next"
  if [ "$status" = 200 ] && tr -d ' \n' <"$work/answer" | grep -qF "\"device\":\"$serial\""; then
    mv -f "$next" "$state/$1.pem" && sync && rm -f "$state/$1.request.pem" && settled=$1
    [ -z "$tpm" ] || forget_keys
    return
  fi
  case $status in 200 | 401 | 403) [ ! -f "$state/$1.pem" ] || rm -f "$next" "$state/$1.request.pem" ;; esac
  die 1 "credential-refused: the server does not accept the new identity: status $status: $words" 'look at the device on the server'
}

# --- from one root to the next: RFC 7030 section 4.1.3, RFC 9810 section 4.4 ---
hold() { # the roots that the settings name -> $work/held.pem, and one by one $work/held-*.pem, the oldest first
  pinned=$(setting pinned) && : "${pinned:=$root}" && cp "$state/root.pem" "$work/there.pem" && part "$work/there.pem"
  for digest in $pinned; do
    for one in "$work"/there-*.pem; do [ "$(digest "$one")" != "$digest" ] || { cat "$one" && continue 2; }; done
    die 3 "state-damaged: root.pem does not hold the root $digest" 'enrol again in a fresh directory'
  done >"$work/held.pem"
  part "$work/held.pem"
  cmp -s "$work/held.pem" "$work/there.pem" || replace root.pem <"$work/held.pem" # a cut left more of them
}
pin() { # FILE...: these roots from now on. Which count is said by the settings, and changes in one rename
  cat "$state/root.pem" "$@" | replace root.pem
  { grep -v '^pinned=' "$state/settings" && printf 'pinned=%s\n' "$(for one; do digest "$one"; done | paste -sd ' ' -)"; } |
    replace settings
  rm -f "$work"/there* "$work"/held* && hold
}
names() { openssl x509 -in "$1" -noout -subject -issuer -nameopt RFC2253 | sed 's/^[a-z]*=//' | sort -u; } # one: it names itself
rank() { openssl x509 -in "$1" -noout -text | sed -n 's/.*CA:TRUE, pathlen:\([0-9]*\).*/\1/p; s/.*CA:TRUE$/99/p'; }
kinds() { openssl x509 -in "$1" -noout -text | sed -n 's/^            \([^ ].*\): *\(critical\)\{0,1\} *$/\1/p'; }
signs_itself() { openssl verify -check_ss_sig -no_check_time -trusted "$1" "$1" >"$work/why" 2>&1; }
key_of() { openssl x509 -in "$1" -noout -pubkey; }
# The root's own name is what tells a root's link from an issuing authority's certificate: with that, whoever
# holds the key of an issuing authority could make a root of it.
why_not() { # HELD LINK ROOT -> the word for which the root is not believed, or nothing
  [ "$(names "$1")$(names "$1")" = "$(names "$2")$(names "$3")" ] || { echo link-name-differs && return; }
  for one in "$2" "$3"; do
    [ -n "$(rank "$one")" ] && openssl x509 -in "$one" -noout -text | grep -q 'Certificate Sign' || { echo link-of-no-authority && return; }
  done
  kinds "$2" | grep -q 'Authority Key Identifier' || { echo link-identifier-wrong && return; }
  ! kinds "$2" | grep -vE '^(X509v3 (Authority|Subject) Key Identifier|X509v3 (Basic Constraints|Key Usage|CRL Distribution Points)|Authority Information Access)$' |
    grep -q . && [ "$(rank "$3")" -le "$(rank "$2")" ] || { echo link-narrower-than-root && return; }
  openssl verify -trusted "$1" "$2" >"$work/why" 2>&1 && openssl verify -check_ss_sig -trusted "$3" "$3" >>"$work/why" 2>&1 || {
    case $(cat "$work/why") in *expired*) echo certificate-expired ;; *'not yet valid'*) echo certificate-not-yet-valid ;;
      *'unable to get'*) echo link-identifier-wrong ;; *) echo signature-wrong ;; esac
    return
  }
  [ "$(life "$2" | head -n 1)" -gt "$(life "$1" | head -n 1)" ] || echo link-leads-back
}
follow() { # believes a root that a pinned one vouches for; the old one goes when another alone proved itself
  ask "/.well-known/est$entrance/cacerts" --cert "$state/working.pem" --key "$state/working.pem"
  [ "$status" = 200 ] || return 0
  open_bag "$work/answer"
  for round in 1 2 3; do for link in "$work"/bag-*.pem; do
    [ "$(names "$link" | wc -l)" = 1 ] && ! signs_itself "$link" && is_news "$link" || continue
    no=link-key-differs
    for next in "$work"/bag-*.pem; do [ "$(key_of "$next")" = "$(key_of "$link")" ] && signs_itself "$next" || continue
      for held in "$work"/held-*.pem; do no=$(why_not "$held" "$link" "$next") && [ -n "$no" ] || break; done
      [ -n "$no" ] || { pin "$work"/held-*.pem "$next" && echo "believes the root $(digest "$next") from now on"; }
    done
    [ -z "$no" ] || [ $round != 3 ] || echo "follows no root: $no"
  done; done
  left='' gone=''
  for held in "$work"/held-*.pem; do
    grep -qF "$(sed -n 2,4p "$held" | tr -d '\n')" <<END && openssl x509 -in "$held" -noout -checkend 0 >"$work/why" && left="$left $held" || gone="$gone $(digest "$held")"
$(tr -d '\n' <"$work/bag.pem")
END
  done
  [ -n "$left" ] && [ -n "$gone" ] || return 0
  cat $left >"$work/left.pem" && trusted=$work/left.pem
  ask /whoami --cert "$state/working.pem" --key "$state/working.pem"
  [ "$status" = 200 ] && pin $left && echo "believes the root$gone no more"
}
is_news() { # LINK, not of a root that is held, nor of others' names, nor back to one that was dropped, as OldWithNew is
  found=1
  for one in "$work"/held-*.pem; do
    [ "$(key_of "$one")" != "$(key_of "$1")" ] || return 1
    [ "$(names "$one")" != "$(names "$1")" ] || [ "$(life "$1" | head -n 1)" -le "$(life "$one" | head -n 1)" ] || found=0
  done
  return $found
}

# --- the commands ---
begin() { # finishes what an earlier run left
  [ "$(date -u +%s)" -ge 1793491200 ] || die 3 "the clock says $(date -u)" 'set it first; vitalsign-device works without a clock'
  hold
  for slot in birth working; do
    [ ! -f "$state/$slot.next.pem" ] || settle $slot
    [ ! -f "$state/$slot.request.pem" ] || ! is_for "$state/$slot.pem" "$state/$slot.request.pem" || rm -f "$state/$slot.request.pem"
  done
}
code_line() { # the code as curl configuration: it stands in no argument and in no file of ours
  [ "$code_file" = - ] || exec <"$code_file"
  [ ! -t 0 ] || printf 'enrolment code: ' >&2
  head -n 1 | tr -d '\r' | sed -e 's/[\\"]/\\&/g' -e "s/^/user = \"$serial:/" -e 's/$/"/'
}
by_code() { # SLOT [ENDING OF THE LABEL]
  if [ -z "$tpm" ]; then login=$(code_line)
  elif [ "$code_file" != - ]; then code=$(head -n 1 "$code_file" | tr -dc '0-9A-Za-z-'); fi
  obtain "$1" "$(own_name)" '' "$entrance${2-}/simpleenroll"
}
by_birth() { obtain working "$(own_name)" '' "$entrance/simpleenroll" --cert "$state/birth.pem" --key "$state/birth.pem"; }

enrol() {
  case ${server#https://} in "$server" | '' | *[!]A-Za-z0-9.:[-]*) die 2 "--server $server is no address" 'write https://HOST:PORT' ;; esac
  case $serial$label in *[!A-Za-z0-9._~-]*) die 2 "--serial $serial, --label $label" 'use letters, digits and . _ ~ - only' ;; esac
  [ -n "$serial" ] && [ ${#root} = 64 ] || die 2 'enrol needs --serial, and --root with 64 hex digits' 'see vitalsign-enrol.sh help'
  [ "$code_file" = - ] || [ -r "$code_file" ] || die 2 "cannot read $code_file" 'give --code-file a file that holds the code'
  [ -z "$birth" ] || [ -n "$label" ] || die 2 '--birth needs --label' 'birth identities come from entrance LABEL-birth'
  wanted=$(printf '%s\n' "server=$server" "label=$label" "serial=$serial" "root=$root" key-algorithm=p-256 ${tpm:+"tpm=$tpm"} ${endorsement:+"tpm-endorsement=$endorsement"})
  ls "$state" | grep -Eq '^(birth|working)(\.next)?\.pem$' || { fetch_root; printf '%s\n' "$wanted" | replace settings; }
  [ "$(grep -v '^pinned=' "$state/settings")" = "$wanted" ] || die 1 "other-settings: $state belongs to another enrolment" 'choose another with --state'
  begin
  [ "$settled" != working ] || return 0
  [ ! -f "$state/working.pem" ] || [ -n "$again" ] || die 1 'enrolled-already: there is a working identity' 'renew it, or give --again with a new code'
  if [ -z "$birth" ]; then by_code working; elif [ ! -f "$state/birth.pem" ]; then by_code birth -birth; fi
  [ -z "$birth" ] || by_birth
}
renew() {
  begin
  [ "$settled" != working ] || return 0
  ls "$state" | grep -Eq '^(birth|working)\.pem$' || die 1 "not-enrolled: $state holds no identity" 'enrol first'
  [ -f "$state/working.pem" ] || { by_birth; return; }
  ask /whoami --cert "$state/working.pem" --key "$state/working.pem"
  case $status in 401 | 403) [ ! -f "$state/birth.pem" ] || { by_birth; return; } ;; esac
  [ "$status" != 200 ] || [ -n "$now" ] || [ "$(date -u +%s)" -ge "$(due)" ] || is_ordered || return 0
  names_of "$state/working.pem" >"$work/names"
  obtain working "$(sed -n 1p "$work/names")" "$(sed -n 2p "$work/names")" "$entrance/simplereenroll" \
    --cert "$state/working.pem" --key "$state/working.pem"
}
is_ordered() { # the server asks for a renewal before its time, and this device's own moment is over
  moment=$(tr -d ' \n' <"$work/answer" | sed -n 's/.*"renew":{"after":"\([0-9T:-]*\).*/\1/p')
  [ -n "$moment" ] && printf '%s\n' "$moment" "$(date -u +%Y-%m-%dT%H:%M:%S)" | sort -c 2>"$work/why"
}
due() { life "$state/working.pem" | awk '{ at[NR] = $1 } END { printf "%.0f\n", at[1] + (at[2] - at[1]) * 2 / 3 }'; } # after two thirds of its life
life() { # CERTIFICATE: from when and until when, in seconds since 1970
  openssl x509 -in "$1" -noout -dates | awk -F '[=: ]+' '
    { month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", $2) + 2) / 3; year = $7 - (month < 3)
      day = 365 * year + int(year / 4) - int(year / 100) + int(year / 400) - 719469 + $3
      day += int((153 * (month + (month < 3 ? 9 : -3)) + 2) / 5)
      printf "%.0f\n", day * 86400 + $4 * 3600 + $5 * 60 + $6 }'
}
show() {
  printf '%s at %s\n' "$serial" "$server"
  for one in $(setting pinned); do printf 'believes the root %s\n' "$one"; done
  for slot in birth working; do
    [ ! -f "$state/$slot.pem" ] || printf '%s\n' "$slot identity: $state/$slot.pem" "$(openssl x509 -in "$state/$slot.pem" -noout -subject -serial -dates)"
  done
}
[ $# -gt 0 ] || set -- help
command=$1 && shift
state=./vitalsign-device code_file=- trusted='' server='' serial='' root='' label='' birth='' again='' now='' wait='' settled='' tick='' login='' tries=12
tpm='' endorsement='' conf='' code='' ticket=''
while [ $# -gt 0 ]; do
  case $1 in
    --birth | --again | --now | --wait) eval "${1#--}=yes" ;;
    --server | --serial | --root | --label | --state | --code-file | --tpm | --tpm-endorsement)
      [ $# -gt 1 ] || die 2 "$1 wants a value" 'see vitalsign-enrol.sh help'
      case $1 in --code-file) code_file=$2 ;; --tpm-endorsement) endorsement=$2 ;; *) eval "${1#--}=\$2" ;; esac
      shift ;;
    *) die 2 "no option $1" 'see vitalsign-enrol.sh help' ;;
  esac
  shift
done
case $command in enrol | renew | show) ;; help) help && exit ;; *) help >&2 && exit 2 ;; esac
work=$state/work.$$
trap 'rm -rf "$work"' EXIT && trap 'exit 3' HUP INT TERM
mkdir -p "$state" && rm -rf "$state"/work.* "$state"/*.part && mkdir -p "$work/none"
root=$(printf %s "$root" | tr -d ': \n' | tr A-F a-f) server=${server%/}
if [ $command != enrol ]; then
  [ -f "$state/settings" ] || die 1 "not-enrolled: $state holds no enrolment" 'see vitalsign-enrol.sh help'
  server=$(setting server) serial=$(setting serial) label=$(setting label) root=$(setting root)
  tpm=$(setting tpm) endorsement=$(setting tpm-endorsement)
fi
[ -z "$tpm" ] || { . "${0%/*}/vitalsign-tpm.sh" && [ $command = show ] || tpm_begin; }
entrance=${label:+/$label}
$command
[ $command = show ] || { [ ! -f "$state/working.pem" ] || (follow) || :; show; }
