/* SPDX-License-Identifier: MIT */
/* A netlink socket: requests with their answers, dumps, notifications, and the kernel's reasons. */
#ifndef FLOE_NETLINK_SOCKET_H
#define FLOE_NETLINK_SOCKET_H

#include "../runtime/floe.h"
#include "message.h"

#include <stddef.h>
#include <stdint.h>

/* One user at a time. All fields but FD are the functions' own. */
struct netlink {
	int fd;            /* to poll for notifications; -1: closed */
	int protocol;      /* NETLINK_ROUTE or NETLINK_NETFILTER */
	uint32_t sequence; /* of the last message sent */
	size_t failed;     /* index of the message that the last request failed at */
	char text[160];    /* the kernel's words about that, "" */
};

/* For a variable that is closed before it was opened. */
#define NETLINK_CLOSED                                                                             \
	{                                                                                          \
		.fd = -1                                                                           \
	}
#define CLEANUP_NETLINK __attribute__((cleanup(netlink_close)))

/* Opens a socket of PROTOCOL (NETLINK_ROUTE, NETLINK_NETFILTER) in the caller's net namespace, for
 * netlink_close(). Returns 0 or a negative errno with ERROR filled. */
int netlink_open(struct netlink *netlink, int protocol, struct floe_error *error);

/*
 * The same in the net namespace of a descriptor (/proc/PID/ns/net, a pidfd): the socket keeps acting
 * there. The calling thread changes namespaces for the time of the call, and needs CAP_SYS_ADMIN.
 */
int netlink_open_in(struct netlink *netlink, int protocol, int namespace_fd,
		    struct floe_error *error);

void netlink_close(struct netlink *netlink);

/*
 * Called for every message that answers a request, other than acknowledgements. What it returns
 * below 0 becomes the result of the request. In dumps, MESSAGE is NULL when what was given so far is
 * void because a change made the kernel's walk inconsistent and it is repeated from the start.
 */
typedef int (*netlink_reply_function)(void *context, const struct nlmsghdr *message);

/*
 * Sends the messages of BATCH and waits for the answers to all that have NLM_F_ACK. Without REPLY
 * (NULL) other answers are dropped. Returns 0, or the negative errno of the first that failed: then
 * netlink->failed is its index; later ones of a NETLINK_ROUTE batch were tried all the same.
 */
int netlink_request(struct netlink *netlink, struct netlink_batch *batch,
		    netlink_reply_function reply, void *context);

/* Sends the one message of BATCH, which has NLM_F_DUMP, and gives what is listed to REPLY. Returns
 * 0, what REPLY returned, or -EINTR when eight walks in a row were inconsistent. */
int netlink_dump(struct netlink *netlink, struct netlink_batch *batch, netlink_reply_function reply,
		 void *context);

/* Asks for notifications of the multicast GROUP, an RTNLGRP_* or NFNLGRP_* number. Such a socket is
 * for netlink_read() only. */
int netlink_subscribe(struct netlink *netlink, unsigned int group, struct floe_error *error);

/*
 * Gives REPLY the notifications that have arrived, without waiting. Returns 0, what REPLY returned
 * below 0, or -ENOBUFS when some were lost: what is known from earlier ones must be read anew.
 */
int netlink_read(struct netlink *netlink, netlink_reply_function reply, void *context);

/*
 * Fills ERROR for the last request, which returned R < 0, and returns R:
 * "cannot …: File exists (kernel: …)", with what helps where that is known.
 */
int netlink_fail(const struct netlink *netlink, struct floe_error *error, int r, const char *format,
		 ...) __attribute__((format(printf, 4, 5)));

#endif
