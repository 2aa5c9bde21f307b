/* SPDX-License-Identifier: MIT */
/* Hosts that exist only on paper, for plans that are made without looking at a real one. */
#ifndef FLOE_TESTS_FAKE_HOST_H
#define FLOE_TESTS_FAKE_HOST_H

#include "../../runtime/plan/host.h"

/*
 * Fills HOST, which is zero, with what would be found on a Debian host for SPEC: kernel 6.12,
 * systemd, cgroup version 2, ext4, all privileges, and a Debian tree where --directory says.
 * Then applies VARIANTS in order: names separated by blanks, of the table in fake_host.c.
 * Release it with host_free(). A test that names an unknown variant fails.
 */
void fake_host(struct host *host, const struct spec *spec, const char *variants);

#endif
