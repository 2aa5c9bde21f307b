/* SPDX-License-Identifier: MIT */
/* DHCPv4: reading a client's message and deciding what to reply. */
#include "dhcp.h"

#include "cleanup.h"
#include "dhcp_wire.h"

#include <errno.h>
#include <net/if_arp.h>
#include <string.h>

/* Every host takes datagrams of 576 bytes (RFC 791): an MTU below could not carry a reply. */
#define MTU_MIN 576

struct in_addr dhcp_mask(unsigned int prefix)
{
	return (struct in_addr){htonl(prefix ? UINT32_MAX << (32 - prefix) : 0)};
}

/* ---- the configuration ---- */

/* An address that a host can have: not 0.0.0.0, loopback, multicast or broadcast. */
static bool is_host_address(struct in_addr address)
{
	uint32_t number = ntohl(address.s_addr);

	return number >> 24 != 0 && number >> 24 != IN_LOOPBACKNET && number < 0xe0000000;
}

uint32_t dhcp_renew_seconds(const struct dhcp_lease *lease)
{
	return lease->renew_seconds ? lease->renew_seconds : lease->lease_seconds / 2;
}

uint32_t dhcp_rebind_seconds(const struct dhcp_lease *lease)
{
	uint64_t seconds = lease->lease_seconds;

	return lease->rebind_seconds ? lease->rebind_seconds : (uint32_t)(seconds * 7 / 8);
}

static int check_times(const struct dhcp_lease *lease, struct floe_error *error)
{
	uint32_t renew = dhcp_renew_seconds(lease), rebind = dhcp_rebind_seconds(lease);

	if (lease->lease_seconds == 0)
		return err_usage(error, "a DHCP lease of 0 seconds cannot be given");
	if (renew > rebind || rebind > lease->lease_seconds)
		return err_usage(error,
				 "a DHCP lease of %u s cannot be renewed after %u s and rebound "
				 "after %u s; the times must rise",
				 lease->lease_seconds, renew, rebind);
	return 0;
}

int dhcp_lease_check(const struct dhcp_lease *lease, struct floe_error *error)
{
	if (!is_host_address(lease->server) || !is_host_address(lease->address))
		return err_usage(error, "DHCP needs an address for the server and the client each");
	if (lease->client_mac[0] & 1)
		return err_usage(error, "a group's MAC address cannot be a DHCP client's");
	if (lease->server.s_addr == lease->address.s_addr)
		return err_usage(error, "DHCP cannot give the server's own address to the client");
	if (lease->prefix < 1 || lease->prefix > 32)
		return err_usage(error, "a prefix of %u bits is not between 1 and 32",
				 lease->prefix);
	if (lease->dns_count > DHCP_DNS_MAX)
		return err_usage(error, "%zu DNS servers are more than DHCP hands out, %d",
				 lease->dns_count, DHCP_DNS_MAX);
	if (lease->mtu != 0 && lease->mtu < MTU_MIN)
		return err_usage(error, "an MTU of %u is too small for DHCP; the least is %d",
				 lease->mtu, MTU_MIN);
	return check_times(lease, error);
}

/* ---- reading ---- */

/* Options that are read. Parts of one option are put together (RFC 3396 section 5). */
enum field {
	FIELD_REQUESTED,
	FIELD_OVERLOAD,
	FIELD_TYPE,
	FIELD_SERVER,
	FIELD_WANTED,
	FIELD_SIZE_MAX,
	FIELD_CLIENT_ID,
	FIELD_RAPID_COMMIT,
	FIELD_COUNT,
};

/* What RFC 2132 says of their lengths: a client id has a type and at least one byte (9.14). */
static const struct {
	uint8_t code;
	uint8_t size_min, size_max;
} fields[FIELD_COUNT] = {
	[FIELD_REQUESTED] = {DHCP_OPTION_REQUESTED, 4, 4},
	[FIELD_OVERLOAD] = {DHCP_OPTION_OVERLOAD, 1, 1},
	[FIELD_TYPE] = {DHCP_OPTION_TYPE, 1, 1},
	[FIELD_SERVER] = {DHCP_OPTION_SERVER, 4, 4},
	[FIELD_WANTED] = {DHCP_OPTION_WANTED, 1, DHCP_OPTION_MAX},
	[FIELD_SIZE_MAX] = {DHCP_OPTION_SIZE_MAX, 2, 2},
	[FIELD_CLIENT_ID] = {DHCP_OPTION_CLIENT_ID, 2, DHCP_OPTION_MAX},
	[FIELD_RAPID_COMMIT] = {DHCP_OPTION_RAPID_COMMIT, 0, 0},
};

struct value {
	bool present;
	size_t size;
	uint8_t data[DHCP_OPTION_MAX];
};

static int add_option(struct value values[static FIELD_COUNT], uint8_t code, const uint8_t *data,
		      size_t size)
{
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		struct value *value = &values[i];

		if (fields[i].code != code)
			continue;
		if (size > sizeof(value->data) - value->size)
			return -EBADMSG;
		memcpy(value->data + value->size, data, size);
		value->size += size;
		value->present = true;
	}
	return 0;
}

/* Reads an area of options to its end option or its end: clients that leave the former out exist. */
static int read_options(struct value values[static FIELD_COUNT], const uint8_t *data, size_t size)
{
	size_t at = 0;

	while (at < size && data[at] != DHCP_OPTION_END) {
		uint8_t code = data[at++];
		size_t length;

		if (code == DHCP_OPTION_PAD)
			continue;
		if (at == size)
			return -EBADMSG;
		length = data[at++];
		if (length > size - at)
			return -EBADMSG;
		if (add_option(values, code, data + at, length) < 0)
			return -EBADMSG;
		at += length;
	}
	return 0;
}

/* Options may go on in the fields for the boot file (1), the server's name (2), or both, in this
 * order: RFC 2132 section 9.3, RFC 3396 section 5. One that is read there does not count. */
static int read_overload(struct value values[static FIELD_COUNT], const uint8_t *data)
{
	uint8_t overload = values[FIELD_OVERLOAD].data[0];

	if (!values[FIELD_OVERLOAD].present)
		return 0;
	if (values[FIELD_OVERLOAD].size != 1 || overload < 1 || overload > 3)
		return -EBADMSG;
	if ((overload & 1) &&
	    read_options(values, data + DHCP_AT_FILE, DHCP_AT_MAGIC - DHCP_AT_FILE) < 0)
		return -EBADMSG;
	if ((overload & 2) && read_options(values, data + DHCP_AT_SERVER_NAME,
					   DHCP_AT_FILE - DHCP_AT_SERVER_NAME) < 0)
		return -EBADMSG;
	values[FIELD_OVERLOAD].size = 1;
	return 0;
}

static bool sizes_are_right(const struct value values[static FIELD_COUNT])
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (values[i].present &&
		    (values[i].size < fields[i].size_min || values[i].size > fields[i].size_max))
			return false;
	return true;
}

static bool mac_is_usable(const uint8_t mac[static WIRE_MAC_SIZE])
{
	static const uint8_t zero[WIRE_MAC_SIZE];

	return !(mac[0] & 1) && memcmp(mac, zero, sizeof(zero)) != 0;
}

/* A relay's packet (giaddr) cannot come over this link: an answer would go where it says. */
static bool header_is_right(const uint8_t *data, size_t size)
{
	return size >= DHCP_AT_OPTIONS && data[DHCP_AT_OP] == DHCP_OP_REQUEST &&
	       data[DHCP_AT_HARDWARE_TYPE] == ARPHRD_ETHER &&
	       data[DHCP_AT_HARDWARE_SIZE] == WIRE_MAC_SIZE &&
	       wire_get32(data + DHCP_AT_RELAY) == 0 && mac_is_usable(data + DHCP_AT_MAC) &&
	       wire_get32(data + DHCP_AT_MAGIC) == DHCP_MAGIC;
}

static void fill_packet(struct dhcp_packet *packet, const uint8_t *data,
			const struct value values[static FIELD_COUNT])
{
	packet->transaction = wire_get32(data + DHCP_AT_TRANSACTION);
	packet->flags = wire_get16(data + DHCP_AT_FLAGS);
	memcpy(&packet->client, data + DHCP_AT_CLIENT, sizeof(packet->client));
	memcpy(packet->mac, data + DHCP_AT_MAC, sizeof(packet->mac));
	packet->type = values[FIELD_TYPE].data[0];
	memcpy(&packet->requested, values[FIELD_REQUESTED].data, sizeof(packet->requested));
	memcpy(&packet->server, values[FIELD_SERVER].data, sizeof(packet->server));
	packet->size_max = wire_get16(values[FIELD_SIZE_MAX].data);
	packet->rapid_commit = values[FIELD_RAPID_COMMIT].present;
	packet->client_id_size = values[FIELD_CLIENT_ID].size;
	memcpy(packet->client_id, values[FIELD_CLIENT_ID].data, packet->client_id_size);
	packet->wanted_count = values[FIELD_WANTED].size;
	memcpy(packet->wanted, values[FIELD_WANTED].data, packet->wanted_count);
}

static bool is_client_type(enum dhcp_type type)
{
	return type == DHCP_DISCOVER || type == DHCP_REQUEST || type == DHCP_DECLINE ||
	       type == DHCP_RELEASE || type == DHCP_INFORM;
}

int dhcp_parse(const uint8_t *data, size_t size, struct dhcp_packet *packet)
{
	struct value values[FIELD_COUNT] = {0};

	memset(packet, 0, sizeof(*packet));
	if (!header_is_right(data, size) ||
	    read_options(values, data + DHCP_AT_OPTIONS, size - DHCP_AT_OPTIONS) < 0 ||
	    read_overload(values, data) < 0 || !sizes_are_right(values))
		return -EBADMSG;
	fill_packet(packet, data, values);
	return is_client_type(packet->type) ? 0 : -EBADMSG;
}

/* ---- deciding ---- */

bool dhcp_is_for_one(const struct dhcp_lease *lease)
{
	return mac_is_usable(lease->client_mac);
}

/*
 * The address that a REQUEST is about, section 4.3.2: an offered one (SELECTING) or a remembered
 * one (INIT-REBOOT) is in the option; one in use (RENEWING, REBINDING) is in the field.
 */
static struct in_addr requested_address(const struct dhcp_packet *packet)
{
	bool selecting = packet->server.s_addr != 0;

	if (packet->client.s_addr && (!selecting || !packet->requested.s_addr))
		return packet->client;
	return packet->requested;
}

/* There is one server on the link, so it is the authority on every address: the client of another
 * network is told so at once (section 3.2 item 3). Nothing is said to one that chose another
 * server's offer (section 3.1 item 4). */
static enum dhcp_type decide_request(const struct dhcp_lease *lease,
				     const struct dhcp_packet *packet)
{
	struct in_addr address = requested_address(packet);

	if (packet->server.s_addr && packet->server.s_addr != lease->server.s_addr)
		return DHCP_NONE;
	if (address.s_addr == 0)
		return DHCP_NONE;
	return address.s_addr == lease->address.s_addr ? DHCP_ACK : DHCP_NAK;
}

/* The answer goes to the address the client says it has (section 4.3.5): one that a host of the
 * link can have, so neither the network's first nor its last. */
static enum dhcp_type decide_inform(const struct dhcp_lease *lease,
				    const struct dhcp_packet *packet)
{
	uint32_t mask = ntohl(dhcp_mask(lease->prefix).s_addr);
	uint32_t client = ntohl(packet->client.s_addr), host = client & ~mask;

	if (client == ntohl(lease->address.s_addr))
		return DHCP_ACK;
	if ((client & mask) != (ntohl(lease->address.s_addr) & mask))
		return DHCP_NONE;
	return host == 0 || host == ~mask ? DHCP_NONE : DHCP_ACK;
}

enum dhcp_type dhcp_decide(const struct dhcp_lease *lease, const struct dhcp_packet *packet)
{
	if (dhcp_is_for_one(lease) && memcmp(lease->client_mac, packet->mac, WIRE_MAC_SIZE) != 0)
		return DHCP_NONE;
	switch (packet->type) {
	case DHCP_DISCOVER:
		/* RFC 4039 section 4: safe where no other server could have committed too. */
		return packet->rapid_commit ? DHCP_ACK : DHCP_OFFER;
	case DHCP_REQUEST:
		return decide_request(lease, packet);
	case DHCP_INFORM:
		return decide_inform(lease, packet);
	default:
		return DHCP_NONE;
	}
}

/* A client that answers to an address of the link: it renews the lease, or informs itself. */
static bool client_listens(const struct dhcp_lease *lease, const struct dhcp_packet *packet)
{
	return packet->type == DHCP_INFORM ||
	       (packet->type == DHCP_REQUEST && packet->client.s_addr == lease->address.s_addr);
}

/* Section 4.1. A NAK is for a client whose address is wrong, so it is broadcast. */
void dhcp_address(const struct dhcp_lease *lease, const struct dhcp_packet *packet,
		  enum dhcp_type type, struct udp_frame *frame)
{
	bool listens = type != DHCP_NAK && client_listens(lease, packet);

	memset(frame, 0, sizeof(*frame));
	frame->source = ip_of_v4(lease->server);
	frame->source_port = DHCP_SERVER_PORT;
	frame->destination_port = DHCP_CLIENT_PORT;
	if (type == DHCP_NAK || (!listens && (packet->flags & DHCP_FLAG_BROADCAST))) {
		memset(frame->destination_mac, 0xff, sizeof(frame->destination_mac));
		frame->destination = ip_of_v4((struct in_addr){.s_addr = htonl(INADDR_BROADCAST)});
		return;
	}
	memcpy(frame->destination_mac, packet->mac, sizeof(frame->destination_mac));
	frame->destination = ip_of_v4(listens ? packet->client : lease->address);
}
