/* SPDX-License-Identifier: MIT */
/* DNS queries and answers as frames of a link. */
#include "dns_packets.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>

/* Queries in a second and at once: more than a busy machine has, little work for us. The kernel
 * counts a small frame as 768 bytes: what comes at once has to find room. */
static const struct link_limits limits = {
	.interval_usec = 2000,
	.burst = 64,
	.receive_buffer = 65536,
};

/* ---- what is let in ---- */

#define AT_VLAN        (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)
#define AT_PACKET_TYPE (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)

/* After the Ethernet header. */
#define AT_FRAGMENT  20 /* from here on of IPv4's */
#define AT_PROTOCOL4 23
#define AT_ADDRESS4  30
#define AT_PROTOCOL6 20 /* and of IPv6's */
#define AT_ADDRESS6  38
#define AT_PORT6     56
#define AT_PORT4     (WIRE_ETHERNET_SIZE + 2) /* X is the size of IPv4's */
#define FRAGMENT     0x3fff

/* More than any filter here is long. */
#define FILTER_MAX 64

struct writer {
	struct sock_filter data[FILTER_MAX];
	size_t count;
};

static void put(struct writer *writer, struct sock_filter instruction)
{
	writer->data[writer->count++] = instruction;
}

/* Drops a frame that has another VALUE there. */
static void put_field(struct writer *writer, uint16_t size, uint32_t at, uint32_t value)
{
	link_filter_field(size, at, value, writer->data + writer->count);
	writer->count += LINK_FILTER_FIELD_COUNT;
}

/* Of a fragment only the first has ports, and no query is that long. */
static void put_ip4(struct writer *writer, const struct ip *address)
{
	put_field(writer, BPF_B, AT_PROTOCOL4, IPPROTO_UDP);
	put(writer, (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_FRAGMENT));
	put(writer, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FRAGMENT, 0, 1));
	put(writer, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0));
	put_field(writer, BPF_W, AT_ADDRESS4, wire_get32(address->bytes));
	put(writer, (struct sock_filter)BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, WIRE_ETHERNET_SIZE));
	put(writer, (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_IND, AT_PORT4));
	put(writer, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DNS_PORT, 1, 0));
	put(writer, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0));
}

/* A fragment has another header in front. */
static void put_ip6(struct writer *writer, const struct ip *address)
{
	put_field(writer, BPF_B, AT_PROTOCOL6, IPPROTO_UDP);
	for (uint32_t i = 0; i < sizeof(address->bytes); i += 4)
		put_field(writer, BPF_W, AT_ADDRESS6 + i, wire_get32(address->bytes + i));
	put_field(writer, BPF_H, AT_PORT6, DNS_PORT);
}

/* A tag's network is another one. */
static void make_filter(struct writer *writer, const struct ip *address, const uint8_t *client_mac)
{
	static const uint8_t any[WIRE_MAC_SIZE];

	writer->count = 0;
	if (memcmp(client_mac, any, sizeof(any)) != 0)
		writer->count = link_filter_sender(client_mac, writer->data);
	put_field(writer, BPF_B, AT_VLAN, 0);
	put_field(writer, BPF_B, AT_PACKET_TYPE, PACKET_HOST);
	if (address->family == AF_INET)
		put_ip4(writer, address);
	else
		put_ip6(writer, address);
	put(writer, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX));
}

int dns_packets_open(struct dns_packets *packets, int index, const struct ip *address,
		     const uint8_t client_mac[static WIRE_MAC_SIZE], struct floe_error *error)
{
	struct writer filter;
	struct link_service_kind kind = {
		.name = "DNS",
		.protocol = address->family == AF_INET ? ETH_P_IP : ETH_P_IPV6,
		.filter = filter.data,
		.limits = &limits,
	};

	*packets = (struct dns_packets)DNS_PACKETS_CLOSED;
	if (client_mac[0] & 1)
		return err_usage(error, "the only client's MAC address is that of a group");
	packets->address = *address;
	make_filter(&filter, address, client_mac);
	kind.filter_count = filter.count;
	return link_service_open(&packets->service, index, &kind, error);
}

uint64_t dns_packets_poll(const struct dns_packets *packets, uint64_t now_usec, struct pollfd *poll)
{
	return link_service_poll(&packets->service, now_usec, poll);
}

void dns_packets_close(struct dns_packets *packets)
{
	link_service_close(&packets->service);
}

/* ---- queries ---- */

/* The filter has looked at the same, but for checksums and sizes. */
int dns_packets_receive(struct dns_packets *packets, uint64_t now_usec,
			uint8_t data[static LINK_FRAME_MAX], struct udp_frame *frame)
{
	bool checksum_done;
	ssize_t size = link_service_receive(&packets->service, now_usec, data, &checksum_done);

	if (size <= 0)
		return (int)size;
	if (udp_frame_parse(data, (size_t)size, checksum_done, frame) < 0 ||
	    !ip_equal(&frame->destination, &packets->address) ||
	    frame->destination_port != DNS_PORT || (frame->source_mac[0] & 1))
		return -EBADMSG;
	return 1;
}

struct dns_client dns_packets_client(const struct udp_frame *frame)
{
	struct dns_client client = {.address = frame->source, .port = frame->source_port};

	memcpy(client.mac, frame->source_mac, sizeof(client.mac));
	return client;
}

/* ---- answers ---- */

/* -EMSGSIZE: it is too long for us, or (packet_snd(), net/packet/af_packet.c) for the link. */
static int send_datagram(const struct dns_packets *packets, const struct dns_client *client,
			 const uint8_t *payload, size_t size)
{
	uint8_t data[UDP_FRAME_HEADERS_MAX + DNS_DATAGRAM_MAX];
	struct udp_frame frame = {
		.source = packets->address,
		.destination = client->address,
		.source_port = DNS_PORT,
		.destination_port = client->port,
		.payload = payload,
		.size = size,
	};
	int r = packet_socket_mac(packets->service.fd, frame.source_mac);
	ssize_t length;

	if (r < 0)
		return r;
	if (size > DNS_DATAGRAM_MAX)
		return -EMSGSIZE;
	memcpy(frame.destination_mac, client->mac, sizeof(frame.destination_mac));
	length = udp_frame_build(&frame, data, sizeof(data));
	return length < 0 ? (int)length
			  : packet_socket_send(packets->service.fd, data, (size_t)length);
}

void dns_packets_answer(const struct dns_packets *packets, const struct dns_client *client,
			const struct dns_query *query, const uint8_t *data, size_t size)
{
	uint8_t truncated[DNS_UDP_MIN];
	ssize_t length;

	if (send_datagram(packets, client, data, size) != -EMSGSIZE)
		return;
	length = dns_build_truncated(query, truncated, sizeof(truncated));
	if (length > 0)
		send_datagram(packets, client, truncated, (size_t)length);
}
