/* SPDX-License-Identifier: MIT */
/*
 * The process that serves a machine's link: what a machine sends is read by a process that may do
 * next to nothing, instead of by the monitor, which is root.
 *
 *	struct link_helper helper = LINK_HELPER_CLOSED;
 *
 *	link_helper_open(&helper, &services, error);	sockets; the ports are known
 *	link_helper_start(&helper, "web", error);	a process
 *	link_helper_ready(&helper, error);		it has dropped all privileges and serves
 *	poll link_helper_fd(&helper)			readable: it has ended; stop it to reap it
 *	link_helper_stop(&helper);
 *
 * The process ends by itself when the link is gone, and is killed when the thread that started it
 * ends (PR_SET_PDEATHSIG, prctl(2)).
 */
#ifndef FLOE_LINK_LINK_HELPER_H
#define FLOE_LINK_LINK_HELPER_H

#include "../base/dhcp.h"
#include "../base/err.h"
#include "../base/ra.h"
#include "dns_server.h"

struct link_services {
	int index; /* of the link, in the calling thread's network namespace */
	bool dhcp;
	struct dhcp_lease lease;
	bool ra;
	struct ra_router router;
	bool dns;
	struct dns_settings names; /* its directory must let the user nobody search and read */
};

#define LINK_HELPER_PACKETS (2 + DNS_FAMILIES) /* DHCP, router advertisements, DNS */

struct link_helper {
	struct link_helper_memory
		*memory; /* what the process works on; NULL: none is to be started */
	int pidfd;       /* -1: no process */
	int report;      /* where it tells how its start went; -1: nothing to hear */
	/* Copies of the process's packet sockets, which nobody reads here: at the last close of each
	 * the kernel waits some 10 ms (synchronize_net() in packet_release()), and a process that had
	 * them alone would take that long to end. -1: none. */
	int packets[LINK_HELPER_PACKETS];
	/* Where DNS is answered by TCP; 0: not in this family. For redirecting port 53. */
	uint16_t dns_port4, dns_port6;
	/* After link_helper_ready(): what the process could not give up, as a sentence; NULL: it has
	 * given up everything. */
	const char *note;
};

#define LINK_HELPER_CLOSED                                                                         \
	{                                                                                          \
		.pidfd = -1, .report = -1, .packets = { -1, -1, -1, -1 }                           \
	}

/* Opens the sockets of SERVICES, which are copied and checked. Takes CAP_NET_RAW. After success
 * HELPER must be released with link_helper_stop(), which leaves nothing. */
int link_helper_open(struct link_helper *helper, const struct link_services *services,
		     struct floe_error *error);

/* Starts the process that serves them for the machine NAME; nobody else reads them from then on.
 * Any thread of any program may do so: of its memory the process keeps what it runs on. */
int link_helper_start(struct link_helper *helper, const char *name, struct floe_error *error);

/* Waits until the process serves (about a millisecond after its start), or failed to. May be called
 * whenever it suits, once. */
int link_helper_ready(struct link_helper *helper, struct floe_error *error);

/* Readable when the process has ended; -1: there is none. */
int link_helper_fd(const struct link_helper *helper);

/* Ends the process at once and reaps it, or closes what was only opened. What takes the kernel its
 * time is left to close_later(). */
void link_helper_stop(struct link_helper *helper);

#endif
