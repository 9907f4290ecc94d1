/* SPDX-License-Identifier: Apache-2.0 */
/* What a board brings to the examples: its ports, and what its maker put into it. */
#include "vitalsign_ports.h"

extern struct vs_transport board_transport;
extern struct vs_storage board_storage;
extern struct vs_random board_random;
extern struct vs_clock board_clock;
extern struct vs_span board_root;           /* who vouches for the server and for status, DER */
extern struct vs_span board_signer_keys[2]; /* who signs its firmware, SubjectPublicKeyInfo, DER */
extern uint32_t board_counter;              /* the lowest security version that it takes */
