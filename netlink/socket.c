/* SPDX-License-Identifier: MIT */
/* A netlink socket: requests with their answers, dumps and notifications. */
#include "socket.h"

#include "../runtime/base/cleanup.h"
#include "../runtime/base/err.h"
#include "ack.h"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <sched.h>
#include <sys/socket.h>

/* The kernel fills dumps up to 32 KiB a message when it sees such a buffer (netlink_recvmsg()). */
#define RECEIVE_SIZE 32768

/* Messages of NETLINK_ROUTE sent at once: their acknowledgements wait in the socket's buffer, which
 * by default has room for some two hundred. */
#define SEND_MAX  64

#define DUMPS_MAX 8

/* The kernel answers before sending returns; who waits longer than this would wait for ever. */
#define ANSWER_TIMEOUT_S 10

/* One go of sending and receiving: answers carry a sequence number from FIRST on. */
struct exchange {
	struct netlink *netlink;
	netlink_reply_function reply;
	void *context;
	uint32_t first;
	uint32_t last; /* its answer ends the exchange */
	int result;    /* of the first that failed */
	bool ended;
	bool overrun;      /* answers were lost */
	bool inconsistent; /* a dump, by a change made meanwhile */
};

static int open_socket(struct netlink *netlink, int protocol, struct floe_error *error)
{
	const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
	const int on = 1;

	*netlink = (struct netlink){.protocol = protocol};
	/* The socket is a plain descriptor and not libmnl's object: nothing is allocated. */
	netlink->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (netlink->fd < 0)
		return netlink_fail(netlink, error, -errno, "cannot open a netlink socket for %s",
				    protocol == NETLINK_NETFILTER ? "netfilter" : "links");
	setsockopt(netlink->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	/* These three are only refused by kernels older than 4.20, and change nothing but the
	 * quality of messages and of filters. */
	setsockopt(netlink->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(netlink->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(netlink->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return 0;
}

int netlink_open(struct netlink *netlink, int protocol, struct floe_error *error)
{
	return open_socket(netlink, protocol, error);
}

int netlink_open_in(struct netlink *netlink, int protocol, int namespace_fd,
		    struct floe_error *error)
{
	CLEANUP_FD int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int r;

	netlink->fd = -1;
	if (own < 0)
		return err_errno(error, errno, "cannot open the own net namespace");
	if (setns(namespace_fd, CLONE_NEWNET) < 0)
		return err_errno(error, errno, "cannot enter a net namespace");
	r = open_socket(netlink, protocol, error);
	if (setns(own, CLONE_NEWNET) < 0) {
		r = err_errno(error, errno, "cannot return to the own net namespace");
		netlink_close(netlink);
	}
	return r;
}

void netlink_close(struct netlink *netlink)
{
	cleanup_fd(&netlink->fd);
	netlink->fd = -1;
}

static void note_failure(struct exchange *exchange, uint32_t index, int r, const char *text)
{
	if (exchange->result < 0)
		return;
	exchange->result = r;
	exchange->netlink->failed += index;
	snprintf(exchange->netlink->text, sizeof(exchange->netlink->text), "%s", text);
}

/*
 * Requests of NETLINK_ROUTE are answered in their order, each that asks for it. A batch of
 * NETLINK_NETFILTER is answered when it is committed or given up; when it is given up as a whole,
 * only its beginning is (net/netfilter/nfnetlink.c, nfnetlink_rcv_batch()).
 */
static void take_ack(struct exchange *exchange, const struct nlmsghdr *message, uint32_t index)
{
	bool whole = exchange->netlink->protocol == NETLINK_NETFILTER && index == 0;
	char text[sizeof(exchange->netlink->text)];
	int r = ack_parse(message, text, sizeof(text));

	if (r < 0)
		note_failure(exchange, index, r, text);
	if (message->nlmsg_seq == exchange->last || (r < 0 && whole))
		exchange->ended = true;
}

static void take_message(struct exchange *exchange, const struct nlmsghdr *message)
{
	uint32_t index = message->nlmsg_seq - exchange->first;
	int r;

	/* Not ours: left over from a request that was given up. */
	if (index > exchange->last - exchange->first)
		return;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		exchange->inconsistent = true;
	switch (message->nlmsg_type) {
	case NLMSG_ERROR:
	case NLMSG_DONE:
		take_ack(exchange, message, index);
		return;
	case NLMSG_NOOP:
	case NLMSG_OVERRUN:
		return;
	}
	r = exchange->reply ? exchange->reply(exchange->context, message) : 0;
	if (r < 0)
		note_failure(exchange, index, r, "");
}

/* Receives one datagram of the kernel. Returns its size, or a negative errno. */
static ssize_t receive(int fd, char *buffer, size_t size, int flags)
{
	struct sockaddr_nl from = {0};
	struct iovec part = {.iov_base = buffer, .iov_len = size};
	struct msghdr header = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	for (;;) {
		n = recvmsg(fd, &header, flags);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (header.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		/* Other processes may send here, too: only the kernel has port 0. */
		if (from.nl_pid == 0)
			return n;
		header.msg_namelen = sizeof(from);
	}
}

/* After an overrun some answers are missing: those that did arrive are read without waiting. */
static int receive_answers(struct exchange *exchange)
{
	_Alignas(8) char buffer[RECEIVE_SIZE];
	ssize_t n;
	int rest;

	while (!exchange->ended) {
		n = receive(exchange->netlink->fd, buffer, sizeof(buffer),
			    exchange->overrun ? MSG_DONTWAIT : 0);
		if (n == -ENOBUFS) {
			exchange->overrun = true;
			continue;
		}
		if (n == -EAGAIN)
			n = exchange->overrun ? -ENOBUFS : -ETIMEDOUT;
		if (n < 0)
			return exchange->result < 0 ? exchange->result : (int)n;
		rest = (int)n;
		for (const struct nlmsghdr *message = (void *)buffer; mnl_nlmsg_ok(message, rest);
		     message = mnl_nlmsg_next(message, &rest))
			take_message(exchange, message);
	}
	return exchange->result;
}

/* Sends SIZE bytes, in one datagram. */
static int send_all(int fd, const void *data, size_t size)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t n;

	do
		n = sendto(fd, data, size, 0, (const struct sockaddr *)&kernel, sizeof(kernel));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

/*
 * The socket's buffer bounds what can be sent at once, about 200 KiB. Root may raise it beyond the
 * limit for all (net.core.wmem_max); where that is refused, sending says EMSGSIZE.
 */
static void make_room(int fd, size_t size)
{
	const int wanted = (int)size + 4096;

	if (size > 65536 && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof(wanted)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted));
}

/* Either of the flags of a dump alone means something else: NLM_F_REPLACE, NLM_F_EXCL. */
static bool is_answered(const struct nlmsghdr *message)
{
	return message->nlmsg_flags & NLM_F_ACK ||
	       (message->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
}

/* Numbers up to MAX messages from MESSAGE on; *SIZE becomes their size together, *COUNT how many
 * there were, and REST, the bytes of the batch from there on, what is left. */
static void number_messages(struct exchange *exchange, struct nlmsghdr *message, size_t max,
			    int *rest, size_t *size, size_t *count)
{
	const char *start = (const char *)message;

	exchange->first = exchange->last = exchange->netlink->sequence + 1;
	for (*count = 0; *count < max && mnl_nlmsg_ok(message, *rest); ++*count) {
		message->nlmsg_seq = ++exchange->netlink->sequence;
		if (is_answered(message))
			exchange->last = message->nlmsg_seq;
		message = mnl_nlmsg_next(message, rest);
	}
	*size = (size_t)((const char *)message - start);
}

static int run_exchange(struct exchange *exchange, struct netlink_batch *batch)
{
	struct netlink *netlink = exchange->netlink;
	size_t max = netlink->protocol == NETLINK_ROUTE ? SEND_MAX : SIZE_MAX;
	struct nlmsghdr *message = batch_first(batch);
	int r = batch->failed, rest = (int)batch->size;
	size_t size, count, done = 0;

	netlink->text[0] = '\0';
	netlink->failed = 0;
	make_room(netlink->fd, batch->size);
	while (r == 0 && rest > 0) {
		number_messages(exchange, message, max, &rest, &size, &count);
		exchange->ended = exchange->overrun = false;
		netlink->failed = done;
		r = send_all(netlink->fd, message, size);
		if (r == 0)
			r = receive_answers(exchange);
		message = (void *)((char *)message + size);
		done += count;
	}
	return r;
}

int netlink_request(struct netlink *netlink, struct netlink_batch *batch,
		    netlink_reply_function reply, void *context)
{
	struct exchange exchange = {.netlink = netlink, .reply = reply, .context = context};

	return run_exchange(&exchange, batch);
}

int netlink_dump(struct netlink *netlink, struct netlink_batch *batch, netlink_reply_function reply,
		 void *context)
{
	int r;

	for (int i = 0; i < DUMPS_MAX; i++) {
		struct exchange exchange = {.netlink = netlink, .reply = reply, .context = context};

		if (i > 0)
			reply(context, NULL);
		r = run_exchange(&exchange, batch);
		if (r < 0 || !exchange.inconsistent)
			return r;
	}
	return -EINTR;
}

static bool has_port(int fd)
{
	struct sockaddr_nl address = {0};
	socklen_t size = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &size) == 0 && address.nl_pid != 0;
}

int netlink_subscribe(struct netlink *netlink, unsigned int group, struct floe_error *error)
{
	const struct sockaddr_nl own = {.nl_family = AF_NETLINK};

	/* Without a port of its own it would pass for the kernel, and hear nothing: the kernel does
	 * not notify whoever made the change (do_one_broadcast()). It takes one once only. */
	if ((!has_port(netlink->fd) &&
	     bind(netlink->fd, (const struct sockaddr *)&own, sizeof(own)) < 0) ||
	    setsockopt(netlink->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return err_errno(error, errno, "cannot listen to network changes (group %u)",
				 group);
	return 0;
}

int netlink_read(struct netlink *netlink, netlink_reply_function reply, void *context)
{
	_Alignas(8) char buffer[RECEIVE_SIZE];
	int rest, r = 0;
	ssize_t n;

	while (r >= 0) {
		n = receive(netlink->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
		if (n < 0)
			return n == -EAGAIN ? 0 : (int)n;
		rest = (int)n;
		for (const struct nlmsghdr *message = (void *)buffer;
		     r >= 0 && mnl_nlmsg_ok(message, rest);
		     message = mnl_nlmsg_next(message, &rest))
			r = reply(context, message);
	}
	return r;
}
