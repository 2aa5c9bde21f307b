/* SPDX-License-Identifier: MIT */
/* Gives the one client of a link its address by DHCPv4. */
#include "dhcp_server.h"

#include "../base/cleanup.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>

#define AT_PROTOCOL    12 /* in the Ethernet header */
#define AT_FRAGMENT    20 /* from here in the IPv4 header after it */
#define AT_IP_PROTOCOL 23
#define AT_PORT        (WIRE_ETHERNET_SIZE + 2) /* of the destination; X is the header's size */
#define FRAGMENT       0x3fff

/* Fragments have no ports, but for the first; a tag's network is another one. "Not equal" jumps
 * count the instructions to the last, which drops. */
static const struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 13),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_PROTOCOL),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 11),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_HOST, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_BROADCAST, 0, 8),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT_IP_PROTOCOL),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_FRAGMENT),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FRAGMENT, 4, 0),
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, WIRE_ETHERNET_SIZE),
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, AT_PORT),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DHCP_SERVER_PORT, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* Returns the filter's size. */
static size_t
make_filter(const struct dhcp_lease *lease,
	    struct sock_filter out[static LINK_FILTER_SENDER_COUNT + ARRAY_SIZE(filter)])
{
	size_t count = dhcp_is_for_one(lease) ? link_filter_sender(lease->client_mac, out) : 0;

	memcpy(out + count, filter, sizeof(filter));
	return count + ARRAY_SIZE(filter);
}

int dhcp_server_open(struct dhcp_server *server, int index, const struct dhcp_lease *lease,
		     struct floe_error *error)
{
	struct sock_filter whole[LINK_FILTER_SENDER_COUNT + ARRAY_SIZE(filter)];
	const struct link_service_kind kind = {
		.name = "DHCP",
		.protocol = ETH_P_IP,
		.filter = whole,
		.filter_count = make_filter(lease, whole),
		.limits = &link_limits_few,
	};
	int r;

	*server = (struct dhcp_server)DHCP_SERVER_CLOSED;
	r = dhcp_lease_check(lease, error);
	if (r < 0)
		return r;
	server->lease = *lease;
	return link_service_open(&server->service, index, &kind, error);
}

uint64_t dhcp_server_poll(const struct dhcp_server *server, uint64_t now_usec, struct pollfd *poll)
{
	return link_service_poll(&server->service, now_usec, poll);
}

static int reply(struct dhcp_server *server, const struct dhcp_packet *packet, enum dhcp_type type)
{
	uint8_t data[UDP_FRAME_HEADERS4 + DHCP_MESSAGE_MAX];
	struct udp_frame frame;
	ssize_t size;
	int r;

	size = dhcp_build(&server->lease, packet, type, data + UDP_FRAME_HEADERS4,
			  DHCP_MESSAGE_MAX);
	if (size < 0)
		return (int)size;
	dhcp_address(&server->lease, packet, type, &frame);
	frame.payload = data + UDP_FRAME_HEADERS4;
	frame.size = (size_t)size;
	if ((r = packet_socket_mac(server->service.fd, frame.source_mac)) < 0)
		return r;
	size = udp_frame_build(&frame, data, sizeof(data));
	if (size < 0)
		return (int)size;
	r = link_service_send(&server->service, data, (size_t)size);
	server->counters.replies[type] += r == 1;
	server->counters.dropped += r == 0;
	return r < 0 ? r : 0;
}

/* Clients leave out what they must say (dhcpcd in a decline: both of them); what they say counts. */
static bool is_unsaid_or(struct in_addr said, struct in_addr ours)
{
	return said.s_addr == 0 || said.s_addr == ours.s_addr;
}

/* Messages that are not replied to. There is no other address to give: one that was declined or
 * released is offered again, and clients wait before they ask (RFC 2131 section 3.1 item 5). */
static void note(struct dhcp_server *server, const struct dhcp_packet *packet)
{
	const struct dhcp_lease *lease = &server->lease;
	bool ours = is_unsaid_or(packet->server, lease->server);

	if (ours && packet->type == DHCP_DECLINE && is_unsaid_or(packet->requested, lease->address))
		server->counters.declined++;
	else if (ours && packet->type == DHCP_RELEASE &&
		 is_unsaid_or(packet->client, lease->address))
		server->counters.released++;
	else
		server->counters.ignored++;
}

/* To us, to everybody, or to everybody of the network. */
static bool is_for_us(const struct dhcp_lease *lease, struct in_addr destination)
{
	in_addr_t everybody = lease->server.s_addr | ~dhcp_mask(lease->prefix).s_addr;

	return destination.s_addr == lease->server.s_addr ||
	       destination.s_addr == INADDR_BROADCAST || destination.s_addr == everybody;
}

static int handle_frame(struct dhcp_server *server, const uint8_t *data, size_t size,
			bool checksum_done)
{
	struct dhcp_packet packet;
	struct udp_frame frame;
	enum dhcp_type type;

	if (udp_frame_parse(data, size, checksum_done, &frame) < 0 ||
	    frame.destination_port != DHCP_SERVER_PORT ||
	    !is_for_us(&server->lease, ip_to_v4(&frame.destination)) ||
	    dhcp_parse(frame.payload, frame.size, &packet) < 0) {
		server->counters.ignored++;
		return 0;
	}
	type = dhcp_decide(&server->lease, &packet);
	if (type != DHCP_NONE)
		return reply(server, &packet, type);
	note(server, &packet);
	return 0;
}

int dhcp_server_handle(struct dhcp_server *server, uint64_t now_usec)
{
	uint8_t data[LINK_FRAME_MAX];
	bool checksum_done;
	ssize_t r;

	while ((r = link_service_receive(&server->service, now_usec, data, &checksum_done)) > 0) {
		r = handle_frame(server, data, (size_t)r, checksum_done);
		if (r < 0)
			break;
	}
	return (int)r;
}

void dhcp_server_close(struct dhcp_server *server)
{
	link_service_close(&server->service);
}
