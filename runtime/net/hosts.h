/* SPDX-License-Identifier: MIT */
/* The block of machines in the host's /etc/hosts. */
#ifndef FLOE_NET_HOSTS_H
#define FLOE_NET_HOSTS_H

#include "table.h"

/*
 * Makes the block say what the members of TABLE want it to say; without such members it goes, and
 * the file is as it was. Below net_lock(). 0, or a negative errno with ERROR filled.
 */
int hosts_update(const struct net_table *table, struct floe_error *error);

/* Pure: TEXT with the block of TABLE in place of the one it has, in ARENA. */
const char *hosts_replace(struct arena *arena, const char *text, const struct net_table *table);

/* "/etc/hosts"; another file for tests. PATH must stay valid. */
void hosts_file_use(const char *path);

#endif
