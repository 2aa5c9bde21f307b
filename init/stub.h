/* SPDX-License-Identifier: MIT */
/*
 * The PID 1 of machines whose command is no init: an executable of a few kilobytes, part of the
 * library, meant to be run out of a sealed memory file. Its arguments are its own name, and the
 * program with its arguments; what it does is described in init/freestanding/stub.c.
 */
#ifndef FLOE_INIT_STUB_H
#define FLOE_INIT_STUB_H

#include <stddef.h>

extern const unsigned char init_stub_image[];
extern const size_t init_stub_size;

#endif
