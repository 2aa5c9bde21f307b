/* SPDX-License-Identifier: MIT */
/* UDP over IPv4 in an Ethernet frame. */
#include "udp_frame.h"

#include <errno.h>
#include <net/ethernet.h>
#include <string.h>

#define IP_SIZE      20 /* without options, RFC 791 section 3.1 */
#define UDP_SIZE     8
#define DATAGRAM_MAX 65535
#define TIME_TO_LIVE 64 /* RFC 1700 */

/* Flags and fragment offset of an IPv4 header; "more fragments" and the offset make a fragment. */
#define DONT_FRAGMENT 0x4000
#define FRAGMENT_MASK 0x3fff

static const uint8_t ip_version_and_size = 4 << 4 | IP_SIZE / 4;

/* The datagram with its pseudo-header (RFC 768). IP and UDP are the headers. */
static uint32_t sum_udp(const uint8_t *ip, const uint8_t *udp)
{
	uint16_t size = wire_get16(udp + 4);
	uint32_t sum = IPPROTO_UDP + size;

	sum = wire_sum(sum, ip + 12, 8);
	return wire_sum(sum, udp, size);
}

/* The size of the IPv4 header whose packet fills *SIZE bytes or less, which becomes its size;
 * 0 when it is none that can be used. */
static size_t check_ip(const uint8_t *ip, size_t *size)
{
	size_t header, total;

	if (*size < IP_SIZE || ip[0] >> 4 != 4)
		return 0;
	header = (size_t)(ip[0] & 0xf) * 4;
	total = wire_get16(ip + 2);
	if (header < IP_SIZE || total < header || total > *size)
		return 0;
	if (wire_checksum(wire_sum(0, ip, header)) != 0)
		return 0;
	if ((wire_get16(ip + 6) & FRAGMENT_MASK) || ip[9] != IPPROTO_UDP)
		return 0;
	*size = total;
	return header;
}

/* A checksum of 0 says that there is none (RFC 768). */
static bool check_udp(const uint8_t *ip, const uint8_t *udp, size_t size, bool checksum_done)
{
	size_t length;

	if (size < UDP_SIZE)
		return false;
	length = wire_get16(udp + 4);
	if (length < UDP_SIZE || length > size)
		return false;
	return !checksum_done || wire_get16(udp + 6) == 0 || wire_checksum(sum_udp(ip, udp)) == 0;
}

int udp_frame_parse(const uint8_t *data, size_t size, bool checksum_done, struct udp_frame *frame)
{
	const uint8_t *ip = data + WIRE_ETHERNET_SIZE, *udp;
	size_t header, left;

	if (size < WIRE_ETHERNET_SIZE || wire_get16(data + 12) != ETHERTYPE_IP)
		return -EBADMSG;
	left = size - WIRE_ETHERNET_SIZE;
	header = check_ip(ip, &left);
	if (header == 0)
		return -EBADMSG;
	udp = ip + header;
	if (!check_udp(ip, udp, left - header, checksum_done))
		return -EBADMSG;
	memcpy(frame->destination_mac, data, WIRE_MAC_SIZE);
	memcpy(frame->source_mac, data + WIRE_MAC_SIZE, WIRE_MAC_SIZE);
	memcpy(&frame->source, ip + 12, sizeof(frame->source));
	memcpy(&frame->destination, ip + 16, sizeof(frame->destination));
	frame->source_port = wire_get16(udp);
	frame->destination_port = wire_get16(udp + 2);
	frame->payload = udp + UDP_SIZE;
	frame->size = (size_t)wire_get16(udp + 4) - UDP_SIZE;
	return 0;
}

/* The identification is free to be 0 where fragmentation is forbidden (RFC 6864 section 4.1). */
static void build_ip(const struct udp_frame *frame, uint8_t *ip)
{
	memset(ip, 0, IP_SIZE);
	ip[0] = ip_version_and_size;
	wire_put16(ip + 2, (uint16_t)(IP_SIZE + UDP_SIZE + frame->size));
	wire_put16(ip + 6, DONT_FRAGMENT);
	ip[8] = TIME_TO_LIVE;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, &frame->source, sizeof(frame->source));
	memcpy(ip + 16, &frame->destination, sizeof(frame->destination));
	wire_put16(ip + 10, wire_checksum(wire_sum(0, ip, IP_SIZE)));
}

/* A sum that comes out as 0 is sent as its other form, all ones (RFC 768). */
static void build_udp(const struct udp_frame *frame, const uint8_t *ip, uint8_t *udp)
{
	uint16_t checksum;

	wire_put16(udp, frame->source_port);
	wire_put16(udp + 2, frame->destination_port);
	wire_put16(udp + 4, (uint16_t)(UDP_SIZE + frame->size));
	wire_put16(udp + 6, 0);
	checksum = wire_checksum(sum_udp(ip, udp));
	wire_put16(udp + 6, checksum ? checksum : 0xffff);
}

ssize_t udp_frame_build(const struct udp_frame *frame, uint8_t *data, size_t room)
{
	uint8_t *ip = data + WIRE_ETHERNET_SIZE, *udp = ip + IP_SIZE;

	if (frame->size > DATAGRAM_MAX - IP_SIZE - UDP_SIZE ||
	    room < UDP_FRAME_HEADERS + frame->size)
		return -EMSGSIZE;
	memmove(udp + UDP_SIZE, frame->payload, frame->size);
	memcpy(data, frame->destination_mac, WIRE_MAC_SIZE);
	memcpy(data + WIRE_MAC_SIZE, frame->source_mac, WIRE_MAC_SIZE);
	wire_put16(data + 12, ETHERTYPE_IP);
	build_ip(frame, ip);
	build_udp(frame, ip, udp);
	return (ssize_t)(UDP_FRAME_HEADERS + frame->size);
}
