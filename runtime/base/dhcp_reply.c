/* SPDX-License-Identifier: MIT */
/* DHCPv4: writing replies. */
#include "cleanup.h"
#include "dhcp.h"
#include "dhcp_wire.h"

#include <errno.h>
#include <net/if_arp.h>
#include <string.h>

/* Every client takes an IP datagram of 576 bytes (section 2), which has headers of 20 and 8. */
#define DATAGRAM_MIN 576
#define HEADERS      28
#define MESSAGE_MIN  (DATAGRAM_MIN - HEADERS)

/* BOOTP messages are no shorter (RFC 1542 section 2.1), and old clients drop those that are. */
#define BOOTP_SIZE 300

struct reply {
	const struct dhcp_lease *lease;
	const struct dhcp_packet *packet;
	enum dhcp_type type;
	uint8_t *data;
	size_t used, room;
};

/* Room for the end option is always kept. An option that does not fit is left out. */
static void put(struct reply *reply, uint8_t code, const void *data, size_t size)
{
	if (size > DHCP_OPTION_MAX || reply->room - reply->used < 2 + size + 1)
		return;
	reply->data[reply->used++] = code;
	reply->data[reply->used++] = (uint8_t)size;
	if (size)
		memcpy(reply->data + reply->used, data, size);
	reply->used += size;
}

static void put_number(struct reply *reply, uint8_t code, uint32_t number)
{
	uint8_t data[4];

	wire_put32(data, number);
	put(reply, code, data, sizeof(data));
}

static void put_address(struct reply *reply, uint8_t code, struct in_addr address)
{
	if (address.s_addr)
		put(reply, code, &address, sizeof(address));
}

static void put_text(struct reply *reply, uint8_t code, const char *text)
{
	if (text[0])
		put(reply, code, text, strlen(text));
}

/* ---- options that a client asks for ---- */

static void put_mask(struct reply *reply, uint8_t code)
{
	put_address(reply, code, dhcp_mask(reply->lease->prefix));
}

static void put_router(struct reply *reply, uint8_t code)
{
	put_address(reply, code, reply->lease->router);
}

static void put_dns(struct reply *reply, uint8_t code)
{
	size_t count = reply->lease->dns_count;

	if (count)
		put(reply, code, reply->lease->dns, count * sizeof(reply->lease->dns[0]));
}

static void put_host_name(struct reply *reply, uint8_t code)
{
	put_text(reply, code, reply->lease->host_name);
}

static void put_domain(struct reply *reply, uint8_t code)
{
	put_text(reply, code, reply->lease->domain);
}

static void put_mtu(struct reply *reply, uint8_t code)
{
	uint8_t data[2];

	wire_put16(data, reply->lease->mtu);
	if (reply->lease->mtu)
		put(reply, code, data, sizeof(data));
}

/* Networks of two addresses or one have no broadcast address (RFC 3021). */
static void put_broadcast(struct reply *reply, uint8_t code)
{
	const struct dhcp_lease *lease = reply->lease;
	uint32_t mask = dhcp_mask(lease->prefix).s_addr;

	if (lease->prefix < 31)
		put_address(reply, code, (struct in_addr){lease->address.s_addr | ~mask});
}

/*
 * RFC 3442: who asks for this ignores the router option, so the default route is here as well; a
 * router outside the prefix is first made reachable by a route of its own over the link (0.0.0.0).
 */
static void put_routes(struct reply *reply, uint8_t code)
{
	const struct dhcp_lease *lease = reply->lease;
	uint32_t mask = dhcp_mask(lease->prefix).s_addr;
	uint8_t data[9 + 5] = {0};
	size_t size = 0;

	if (lease->router.s_addr == 0)
		return;
	if ((lease->router.s_addr ^ lease->address.s_addr) & mask) {
		data[0] = 32;
		memcpy(data + 1, &lease->router, sizeof(lease->router));
		size = 9;
	}
	/* The default route has a prefix of 0 bits, none of which is written. */
	memcpy(data + size + 1, &lease->router, sizeof(lease->router));
	put(reply, code, data, size + 5);
}

static const struct {
	uint8_t code;
	bool asked_only; /* not for a client that asks for nothing in particular */
	void (*put)(struct reply *reply, uint8_t code);
} options[] = {
	{DHCP_OPTION_ROUTER, false, put_router},
	{DHCP_OPTION_DNS, false, put_dns},
	{DHCP_OPTION_HOST_NAME, false, put_host_name},
	{DHCP_OPTION_DOMAIN, false, put_domain},
	{DHCP_OPTION_MTU, false, put_mtu},
	{DHCP_OPTION_BROADCAST, false, put_broadcast},
	{DHCP_OPTION_ROUTES, true, put_routes},
};

/* The mask comes before the router (RFC 2132 section 3.3) whatever the client's order; the others
 * come in that order (section 9.8), each once. */
static void put_wanted(struct reply *reply)
{
	const struct dhcp_packet *packet = reply->packet;
	bool done[ARRAY_SIZE(options)] = {0};

	put_mask(reply, DHCP_OPTION_MASK);
	for (size_t i = 0; i < packet->wanted_count; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(options); k++) {
			if (options[k].code != packet->wanted[i] || done[k])
				continue;
			done[k] = true;
			options[k].put(reply, options[k].code);
		}
	}
	for (size_t k = 0; packet->wanted_count == 0 && k < ARRAY_SIZE(options); k++)
		if (!options[k].asked_only)
			options[k].put(reply, options[k].code);
}

/* ---- the message ---- */

/* A lease without end is never renewed. */
static void put_times(struct reply *reply)
{
	const struct dhcp_lease *lease = reply->lease;

	put_number(reply, DHCP_OPTION_LEASE_TIME, lease->lease_seconds);
	if (lease->lease_seconds == DHCP_INFINITE)
		return;
	put_number(reply, DHCP_OPTION_RENEWAL, dhcp_renew_seconds(lease));
	put_number(reply, DHCP_OPTION_REBINDING, dhcp_rebind_seconds(lease));
}

/* Section 4.3.1, table 3: which fields and options go with which reply. */
static void put_options(struct reply *reply)
{
	const struct dhcp_packet *packet = reply->packet;
	uint8_t type = reply->type;

	put(reply, DHCP_OPTION_TYPE, &type, 1);
	put_address(reply, DHCP_OPTION_SERVER, reply->lease->server);
	/* RFC 6842: also in a NAK. */
	if (packet->client_id_size)
		put(reply, DHCP_OPTION_CLIENT_ID, packet->client_id, packet->client_id_size);
	if (reply->type == DHCP_NAK) {
		put_text(reply, DHCP_OPTION_MESSAGE, "the address is not this link's");
		return;
	}
	if (packet->type == DHCP_DISCOVER && reply->type == DHCP_ACK)
		put(reply, DHCP_OPTION_RAPID_COMMIT, NULL, 0);
	if (packet->type != DHCP_INFORM)
		put_times(reply);
	put_wanted(reply);
}

static void put_header(struct reply *reply)
{
	const struct dhcp_packet *packet = reply->packet;
	uint8_t *data = reply->data;

	memset(data, 0, reply->room);
	data[DHCP_AT_OP] = DHCP_OP_REPLY;
	data[DHCP_AT_HARDWARE_TYPE] = ARPHRD_ETHER;
	data[DHCP_AT_HARDWARE_SIZE] = WIRE_MAC_SIZE;
	wire_put32(data + DHCP_AT_TRANSACTION, packet->transaction);
	wire_put16(data + DHCP_AT_FLAGS, packet->flags);
	memcpy(data + DHCP_AT_MAC, packet->mac, sizeof(packet->mac));
	wire_put32(data + DHCP_AT_MAGIC, DHCP_MAGIC);
	if (reply->type == DHCP_ACK)
		memcpy(data + DHCP_AT_CLIENT, &packet->client, sizeof(packet->client));
	if (reply->type != DHCP_NAK && packet->type != DHCP_INFORM)
		memcpy(data + DHCP_AT_YOUR, &reply->lease->address, sizeof(struct in_addr));
	reply->used = DHCP_AT_OPTIONS;
}

/* What the client takes (RFC 2132 section 9.10: the whole datagram) and there is room for. */
static size_t size_limit(const struct dhcp_packet *packet, size_t room)
{
	size_t limit = packet->size_max > DATAGRAM_MIN ? packet->size_max - HEADERS : MESSAGE_MIN;

	return limit < room ? limit : room;
}

ssize_t dhcp_build(const struct dhcp_lease *lease, const struct dhcp_packet *packet,
		   enum dhcp_type type, uint8_t *data, size_t room)
{
	struct reply reply = {lease, packet, type, data, 0, size_limit(packet, room)};

	if (room < MESSAGE_MIN)
		return -EMSGSIZE;
	put_header(&reply);
	put_options(&reply);
	data[reply.used++] = DHCP_OPTION_END;
	return (ssize_t)(reply.used > BOOTP_SIZE ? reply.used : BOOTP_SIZE);
}
