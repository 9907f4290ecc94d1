/* SPDX-License-Identifier: Apache-2.0 */
#include "vitalsign_tls.h"

#include <string.h>

/* RFC 9325 section 4.2, and CCM for the smallest (RFC 7925 section 4.2). */
static const int suites[] = {
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS1_3_AES_256_GCM_SHA384, MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
#endif
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, 0};

/* The four octets of an IPv4 address in digits: 1, or 0 for a name. */
static int is_address(const char *host, uint8_t address[4]) {
  for (size_t part = 0; part < 4; part++) {
    unsigned value = 0, digits = 0;
    for (; *host >= '0' && *host <= '9' && digits < 4; host++, digits++) value = value * 10 + (unsigned)(*host - '0');
    if (digits == 0 || digits > 3 || value > 255 || *host++ != (part < 3 ? '.' : 0)) return 0;
    address[part] = (uint8_t)value;
  }
  return 1;
}

/*
 * RFC 9525: a server is named by its alternative name. Mbed TLS 2.28 does not look there for addresses (to the octet), and
 * for names it falls back to the subject where there is none.
 */
static int is_named(const mbedtls_x509_crt *certificate, const char *host) {
  uint8_t address[4];
  struct vs_span der = {certificate->raw.p, certificate->raw.len}, names, name;
  struct vs_certificate read;
  if (!vs_read_certificate(&read, der) || !vs_alternative_names(&read, &names)) return 0;
  if (!is_address(host, address)) return 1;
  while (names.size > 0) {
    uint8_t tag = names.bytes[0];
    if (!vs_der_take(&names, tag, &name)) return 0;
    if (tag == 0x87 && name.size == 4 && memcmp(name.bytes, address, 4) == 0) return 1;
  }
  return 0;
}

static int judge(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags) {
  struct vs_tls *tls = context;
  if (depth == 0 && !is_named(certificate, tls->host)) *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
  return vs_walk_judge(&tls->walk, certificate, depth, flags);
}

static int send_octets(void *context, const unsigned char *bytes, size_t size) {
  struct vs_tls *tls = context;
  int took = tls->transport.write(tls->transport.context, bytes, size);
  return took > 0 ? took : MBEDTLS_ERR_SSL_CONN_EOF;
}

static int receive_octets(void *context, unsigned char *bytes, size_t size) {
  struct vs_tls *tls = context;
  int came = tls->transport.read(tls->transport.context, bytes, size);
  return came >= 0 ? came : MBEDTLS_ERR_SSL_CONN_EOF;
}

static enum vs_result take_identity(struct vs_tls *tls, const struct vs_identity *identity) {
  struct vs_span chain = identity->chain, one;
  while (chain.size > 0)
    if (!vs_take_entry(&chain, &one) || mbedtls_x509_crt_parse_der(&tls->own, one.bytes, one.size) != 0) return VS_STATE_DAMAGED;
  if (vs_pk_parse_key(&tls->key, identity->key.bytes, identity->key.size, tls->random.fill, tls->random.context) != 0)
    return VS_STATE_DAMAGED;
  return mbedtls_ssl_conf_own_cert(&tls->configuration, &tls->own, &tls->key) == 0 ? VS_OK : VS_LIBRARY_BROKEN;
}

static enum vs_result configure(struct vs_tls *tls, const struct vs_server *server, const struct vs_identity *identity) {
  mbedtls_ssl_config *to = &tls->configuration;
  uint8_t address[4];
  enum vs_result result = vs_parse_anchors(&tls->anchors, server);
  if (result != VS_OK) return result;
  if (mbedtls_ssl_config_defaults(to, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
    return VS_LIBRARY_BROKEN;
  mbedtls_ssl_conf_rng(to, tls->random.fill, tls->random.context);
  mbedtls_ssl_conf_authmode(to, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_chain(to, &tls->anchors, NULL);
  mbedtls_ssl_conf_cert_profile(to, &mbedtls_x509_crt_profile_next);
  mbedtls_ssl_conf_ciphersuites(to, suites);
  mbedtls_ssl_conf_min_version(to, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_verify(to, judge, tls);
#if defined(MBEDTLS_SSL_RENEGOTIATION)
  mbedtls_ssl_conf_renegotiation(to, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if defined(MBEDTLS_SSL_SESSION_TICKETS)
  mbedtls_ssl_conf_session_tickets(to, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#endif
  if (identity != NULL && (result = take_identity(tls, identity)) != VS_OK) return result;
  if (mbedtls_ssl_setup(&tls->ssl, to) != 0) return VS_LIBRARY_BROKEN;
  /* An address is no server name (RFC 6066 section 3); it is checked in `judge`. */
  if (mbedtls_ssl_set_hostname(&tls->ssl, is_address(server->host, address) ? NULL : server->host) != 0) return VS_LIBRARY_BROKEN;
  mbedtls_ssl_set_bio(&tls->ssl, tls, send_octets, receive_octets, NULL);
  return VS_OK;
}

static enum vs_result shake_hands(struct vs_tls *tls) {
  int done = mbedtls_ssl_handshake(&tls->ssl);
  uint32_t flags = mbedtls_ssl_get_verify_result(&tls->ssl);
  if (done == 0) return flags == 0 ? VS_OK : VS_SERVER_NOT_TRUSTED;
  if (done == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) return VS_HANDSHAKE_REFUSED;
  if (done == MBEDTLS_ERR_SSL_ALLOC_FAILED || done == MBEDTLS_ERR_X509_ALLOC_FAILED) return VS_LIBRARY_BROKEN;
  if (flags == (uint32_t)-1 || flags == 0) return VS_SERVER_UNREACHABLE;
  if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) return VS_SERVER_NOT_TRUSTED;
  if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) return VS_SERVER_NAME_WRONG;
  return tls->walk.is_late ? VS_CERTIFICATE_EXPIRED : VS_SERVER_NOT_TRUSTED;
}

static void close_tls(void *context) {
  struct vs_tls *tls = context;
  mbedtls_ssl_free(&tls->ssl);
  mbedtls_ssl_config_free(&tls->configuration);
  mbedtls_x509_crt_free(&tls->anchors);
  mbedtls_x509_crt_free(&tls->own);
  mbedtls_pk_free(&tls->key);
  tls->transport.close(tls->transport.context);
}

static enum vs_result open_tls(void *context, const struct vs_server *server, const struct vs_identity *identity) {
  struct vs_tls *tls = context;
  enum vs_result result;
  mbedtls_ssl_init(&tls->ssl);
  mbedtls_ssl_config_init(&tls->configuration);
  mbedtls_x509_crt_init(&tls->anchors);
  mbedtls_x509_crt_init(&tls->own);
  mbedtls_pk_init(&tls->key);
  memset(&tls->walk, 0, sizeof tls->walk);
  tls->walk.now = server->now;
  tls->host = server->host;
  tls->broken = VS_CONNECTION_CUT;
  if (tls->transport.open(tls->transport.context, server->host, server->port) != 0) result = VS_SERVER_UNREACHABLE;
  else if ((result = configure(tls, server, identity)) == VS_OK) result = shake_hands(tls);
  if (result != VS_OK) close_tls(tls);
  return result;
}

/* An alert here is TLS 1.3's way to say what 1.2 says within the handshake. */
static int moved(struct vs_tls *tls, int octets) {
  if (octets == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) tls->broken = VS_HANDSHAKE_REFUSED;
  return octets;
}

static int read_tls(void *context, uint8_t *bytes, size_t size) {
  struct vs_tls *tls = context;
  int came;
  do came = mbedtls_ssl_read(&tls->ssl, bytes, size);
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
  while (came == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET);
#else
  while (0);
#endif
  if (came == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return 0;
  /* An end without the other side's word is a cut: who sits on the wire could have made it. */
  return came == 0 ? -1 : moved(tls, came);
}

static int write_tls(void *context, const uint8_t *bytes, size_t size) {
  struct vs_tls *tls = context;
  return moved(tls, mbedtls_ssl_write(&tls->ssl, bytes, size));
}

static enum vs_result broken_tls(void *context) { return ((struct vs_tls *)context)->broken; }

struct vs_secure vs_tls_port(struct vs_tls *tls, struct vs_transport transport, struct vs_random random) {
  struct vs_secure port = {tls, open_tls, read_tls, write_tls, close_tls, broken_tls};
  tls->transport = transport;
  tls->random = random;
  return port;
}
