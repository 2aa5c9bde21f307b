/* SPDX-License-Identifier: MIT */
/* A tap device in a network namespace of the test's own: a link whose other end is the test. */
#ifndef FLOE_TESTS_TAP_H
#define FLOE_TESTS_TAP_H

#include "packets.h"

extern int tap; /* the device; -1: it is gone */
extern int index_of_tap;

/* For cmocka's setup and teardown; they need root. The link tap0 is up, and has the MAC address of
 * the recorded frames' router. */
int tap_make(void **state);
int tap_remove(void **state);

void tap_set_link(bool up);
void tap_set_mtu(int mtu);

/* What comes to the host. */
void tap_inject(const uint8_t *data, size_t size);
void tap_inject_recorded(const char *name);

/* Takes the next frame that came out of the link with VALUE at byte AT; its size, 0: none. What
 * the kernel says of its own is passed over. */
size_t tap_take(uint8_t data[static PACKET_ROOM], size_t at, uint8_t value);

#endif
