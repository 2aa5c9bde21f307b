/* SPDX-License-Identifier: MIT */
/*
 * A machine's coming to the host's network and its going. Coming is in two steps: what it wants is
 * claimed before anything is made, so that no two machines get the same; what the kernel has to know
 * is said when its link is there. Whoever removes a dead machine calls net_leave() for it.
 */
#ifndef FLOE_NET_JOIN_H
#define FLOE_NET_JOIN_H

#include "../../netlink/socket.h"
#include "../base/err.h"
#include "member.h"

/*
 * Writes MEMBER down. Returns a descriptor that says for as long as it is open that the machine
 * lives, or a negative errno with ERROR filled: -EADDRINUSE for ports of another machine, who is
 * named; -EAGAIN for addresses that were taken since they were chosen.
 */
int net_claim(const struct net_member *member, struct floe_error *error);

/* Makes the rules for MACHINE, which has claimed them, and its names. DNS: ports of its relay by
 * family_index(), 0: none. FILTER: see net_filter_open(); NULL: the kernel has no nftables, and no
 * rules are needed. */
int net_join(struct netlink *filter, const char *machine, const uint16_t dns[static 2],
	     struct floe_error *error);

/* The machine's addresses are now these (family 0: none). */
int net_move(struct netlink *filter, const char *machine, const struct ip address[static 2],
	     struct floe_error *error);

/* A socket for rules, opened unless it is. Closing it may wait for a grace period of RCU when
 * somebody's rules were just deleted (nft_rcv_nl_event()): best when nobody waits for it. */
int net_filter_open(struct netlink *filter, struct floe_error *error);

/* Takes away all that the two made, and with the last machine all that machines share. It is no
 * error if there is nothing. */
int net_leave(const char *machine, struct floe_error *error);

#endif
