/* SPDX-License-Identifier: MIT */
/* Advertises us as the IPv6 router of a link. */
#include "ra_server.h"

#include "../base/cleanup.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <sys/random.h>

#define SECOND UINT64_C(1000000)

/* RFC 4861 sections 6.2.1 and 10. */
#define INTERVAL_MIN   (200 * SECOND)
#define INTERVAL_MAX   (600 * SECOND)
#define INITIAL_COUNT  3
#define INITIAL_MAX    (16 * SECOND)
#define MULTICAST_REST (3 * SECOND) /* MIN_DELAY_BETWEEN_RAS */

#define AT_PROTOCOL    12 /* in the Ethernet header */
#define AT_NEXT_HEADER 20 /* in the IPv6 header after it */
#define AT_HOP_LIMIT   21
#define AT_TYPE        54 /* in the ICMPv6 message after that */

/* All routers of the link, ff02::2 (RFC 2464 section 7). */
static const uint8_t all_routers[WIRE_MAC_SIZE] = {0x33, 0x33, 0, 0, 0, 2};

/* A solicitation has no extension headers: RFC 6980 forbids the one that could be. A tag's network
 * is another one. "Not equal" jumps count the instructions to the last, which drops. */
static const struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 12),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_PROTOCOL),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 10),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_HOST, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_MULTICAST, 0, 7),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_NEXT_HEADER),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 5),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_HOP_LIMIT),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 255, 0, 3),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_TYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_ROUTER_SOLICIT, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* Returns the filter's size. */
static size_t
make_filter(const struct ra_router *router,
	    struct sock_filter out[static LINK_FILTER_SENDER_COUNT + ARRAY_SIZE(filter)])
{
	size_t count = ra_is_for_one(router) ? link_filter_sender(router->client_mac, out) : 0;

	memcpy(out + count, filter, sizeof(filter));
	return count + ARRAY_SIZE(filter);
}

int ra_server_open(struct ra_server *server, int index, const struct ra_router *router,
		   struct floe_error *error)
{
	struct sock_filter whole[LINK_FILTER_SENDER_COUNT + ARRAY_SIZE(filter)];
	const struct link_service_kind kind = {
		.name = "router advertisements",
		.protocol = ETH_P_IPV6,
		.filter = whole,
		.filter_count = make_filter(router, whole),
		.multicast = all_routers,
		.limits = &link_limits_few,
	};
	int r;

	*server = (struct ra_server)RA_SERVER_CLOSED;
	r = ra_router_check(router, error);
	if (r < 0)
		return r;
	server->router = *router;
	server->initial = INITIAL_COUNT;
	return link_service_open(&server->service, index, &kind, error);
}

static uint64_t earlier(uint64_t left, uint64_t right)
{
	return left < right ? left : right;
}

uint64_t ra_server_poll(const struct ra_server *server, uint64_t now_usec, struct pollfd *poll)
{
	uint64_t resume = link_service_poll(&server->service, now_usec, poll);
	/* 0 is no time to wait for: what is due at once was due at the first moment. */
	uint64_t next = server->next_usec ? server->next_usec : 1;

	if (server->service.fd < 0)
		return 0;
	return resume ? earlier(resume, next) : next;
}

/* Without random numbers, early in a boot, routers of several machines keep in step: no harm. */
static uint64_t random_interval(void)
{
	uint32_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0)
		return INTERVAL_MIN;
	return INTERVAL_MIN + (INTERVAL_MAX - INTERVAL_MIN) * number / UINT32_MAX;
}

static int advertise(struct ra_server *server, const struct ra_target *target, uint64_t *counter)
{
	uint8_t data[RA_FRAME_MAX];
	ssize_t size;
	int r = packet_socket_mac(server->service.fd, server->router.mac);

	if (r < 0)
		return r;
	size = ra_build(&server->router, target, data, sizeof(data));
	if (size < 0)
		return (int)size;
	r = link_service_send(&server->service, data, (size_t)size);
	*counter += r == 1;
	server->counters.dropped += r == 0;
	return r;
}

/* To the only client, where there is one: a packet for a group may go to the MAC address of one of
 * it (RFC 6085). One that the link did not take does not count as one of the first, which come quickly. */
static int advertise_to_all(struct ra_server *server, uint64_t now_usec)
{
	struct ra_target target = ra_all_nodes;
	int r;

	if (ra_is_for_one(&server->router))
		memcpy(target.mac, server->router.client_mac, sizeof(target.mac));
	r = advertise(server, &target, &server->counters.multicast);
	if (r == 1 && server->initial > 0)
		server->initial--;
	server->last_usec = now_usec;
	server->next_usec = now_usec + (server->initial > 0 ? INITIAL_MAX : random_interval());
	return r;
}

/*
 * At once: the random delay of section 6.2.6 is for links with several routers. A host without an
 * address can only be told with all others, which happens not more often than every 3 seconds.
 */
static int handle_frame(struct ra_server *server, const uint8_t *data, size_t size,
			bool checksum_done)
{
	struct ra_target from;

	if (ra_parse_solicitation(data, size, checksum_done, &from) < 0) {
		server->counters.ignored++;
		return 0;
	}
	if (!IN6_IS_ADDR_UNSPECIFIED(&from.address))
		return advertise(server, &from, &server->counters.unicast);
	server->next_usec = earlier(server->next_usec, server->last_usec + MULTICAST_REST);
	return 0;
}

int ra_server_handle(struct ra_server *server, uint64_t now_usec)
{
	uint8_t data[LINK_FRAME_MAX];
	bool checksum_done;
	ssize_t r;

	while ((r = link_service_receive(&server->service, now_usec, data, &checksum_done)) > 0) {
		r = handle_frame(server, data, (size_t)r, checksum_done);
		if (r < 0)
			break;
	}
	if (r < 0)
		return (int)r;
	if (server->service.fd < 0 || now_usec < server->next_usec)
		return 0;
	return advertise_to_all(server, now_usec) == -ENODEV ? -ENODEV : 0;
}

void ra_server_close(struct ra_server *server)
{
	link_service_close(&server->service);
}
