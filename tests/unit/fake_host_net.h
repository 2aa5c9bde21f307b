/* SPDX-License-Identifier: MIT */
/* The network of hosts that exist only on paper, and variants of it. */
#ifndef FLOE_TESTS_FAKE_HOST_NET_H
#define FLOE_TESTS_FAKE_HOST_NET_H

#include "fake_host.h"

void fake_net_fill(struct host *host, const struct spec *spec);

void use_networkd(struct host *host);
void use_no_nftables(struct host *host);
void use_no_ipv6(struct host *host);
void use_forwarding(struct host *host);
void use_arranged(struct host *host);
void use_old_forwarding(struct host *host);
void use_local_dns(struct host *host);
void use_firewall(struct host *host);
void use_other_choice(struct host *host);

#endif
