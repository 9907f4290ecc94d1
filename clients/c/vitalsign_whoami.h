/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says of the holder of an identity: its answer to /whoami, JSON. */
#ifndef VITALSIGN_WHOAMI_H
#define VITALSIGN_WHOAMI_H

#include "vitalsign_ports.h"

/* Views of the body. */
struct vs_whoami {
  struct vs_span device;        /* its serial */
  struct vs_span serial_number; /* hexadecimal, of the certificate that the server saw */
  uint64_t renew_from;          /* seconds since 1970: when it wants it renewed, or orders it sooner; 0: it says nothing */
};

/* 1, or 0 for what is no JSON of that kind; nested 8 deep at most. */
int vs_read_whoami(struct vs_whoami *whoami, struct vs_span body);

#endif
