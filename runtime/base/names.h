/* SPDX-License-Identifier: MIT */
/* What may be a machine, image, host or user name, and names derived from others. */
#ifndef FLOE_BASE_NAMES_H
#define FLOE_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* The kernel's limit (__NEW_UTS_LEN, uname(2)); machined and nspawn use the same for names. */
#define MACHINE_NAME_MAX 64

/* Beside the tree NAME: what its machine wrote to a store of its own over the host's. */
#define STORE_LAYER_PREFIX ".#floe-store-"

/* Letters, digits, '-', '_', '.': no leading or trailing '-' or '.', no empty label, 1..64 bytes.
 * The same set as systemd's hostname_is_valid(), so that machined takes every name of ours. */
bool machine_name_valid(const char *name);

/* Writes to NAME what is left of TEXT without the characters a name cannot have.
 * Returns 0, or -EINVAL when nothing is left. */
int machine_name_clean(const char *text, char name[static MACHINE_NAME_MAX + 1]);

#endif
