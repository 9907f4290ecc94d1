/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says of the holder of an identity: its answer to /whoami, JSON. */
#ifndef VITALSIGN_WHOAMI_H
#define VITALSIGN_WHOAMI_H

#include "vitalsign_ports.h"

/* The text of the first member of this name whose value is a text without escapes; empty: there is none. */
struct vs_span vs_json_text(struct vs_span json, const char *name);

/* RFC 3339 in UTC, in seconds since 1970; 0 for anything else. */
uint64_t vs_json_time(struct vs_span text);

#endif
