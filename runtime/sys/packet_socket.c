/* SPDX-License-Identifier: MIT */
/* Ethernet frames of one link. */
#include "packet_socket.h"

#include "../base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* SO_LOCK_FILTER (3.9) holds for whoever may get hold of the descriptor. */
static int set_options(int fd, const struct sock_filter *filter, size_t filter_count,
		       int receive_buffer)
{
	const struct sock_fprog program = {
		.len = (unsigned short)filter_count,
		.filter = (struct sock_filter *)filter,
	};
	int r;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		return -errno;
	if ((r = set_option(fd, SOL_SOCKET, SO_LOCK_FILTER, 1)) < 0 ||
	    (r = set_option(fd, SOL_PACKET, PACKET_AUXDATA, 1)) < 0)
		return r;
	return set_option(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer);
}

static int link_address(int fd, struct sockaddr_ll *address)
{
	socklen_t size = sizeof(*address);

	memset(address, 0, sizeof(*address));
	return getsockname(fd, (struct sockaddr *)address, &size) < 0 ? -errno : 0;
}

/* Protocol 0 lets nothing in before the filter is there (packet(7)). */
int packet_socket_open(int index, uint16_t protocol, const struct sock_filter *filter,
		       size_t filter_count, int receive_buffer)
{
	const struct sockaddr_ll link = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = index,
	};
	CLEANUP_FD int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_ll bound;
	int r;

	if (fd < 0)
		return -errno;
	/* The kernel takes 0 for every link there is. */
	if (index <= 0)
		return -ENODEV;
	if ((r = set_options(fd, filter, filter_count, receive_buffer)) < 0)
		return r;
	if (bind(fd, (const struct sockaddr *)&link, sizeof(link)) < 0)
		return -errno;
	if ((r = link_address(fd, &bound)) < 0)
		return r;
	return bound.sll_hatype == ARPHRD_ETHER ? take_fd(&fd) : -EPROTONOSUPPORT;
}

int packet_socket_join(int fd, int index, const uint8_t mac[static WIRE_MAC_SIZE])
{
	struct packet_mreq request = {
		.mr_ifindex = index,
		.mr_type = PACKET_MR_MULTICAST,
		.mr_alen = WIRE_MAC_SIZE,
	};

	memcpy(request.mr_address, mac, WIRE_MAC_SIZE);
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)) < 0)
		return -errno;
	return 0;
}

/* The kernel unbinds from a link that is taken away (packet_notifier, net/packet/af_packet.c);
 * then the address has no length. */
int packet_socket_mac(int fd, uint8_t mac[static WIRE_MAC_SIZE])
{
	struct sockaddr_ll address;
	int r = link_address(fd, &address);

	if (r < 0)
		return r;
	if (address.sll_ifindex <= 0 || address.sll_halen != WIRE_MAC_SIZE)
		return -ENODEV;
	memcpy(mac, address.sll_addr, WIRE_MAC_SIZE);
	return 0;
}

/* The socket's requests are about its own network namespace, whoever makes them. A link that is
 * renamed between the two is asked again another time. */
int packet_socket_is_up(int fd)
{
	struct sockaddr_ll address;
	struct ifreq request = {0};
	int r = link_address(fd, &address);

	if (r < 0)
		return r;
	if (address.sll_ifindex <= 0)
		return -ENODEV;
	request.ifr_ifindex = address.sll_ifindex;
	if (ioctl(fd, SIOCGIFNAME, &request) < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return 0;
	return (request.ifr_flags & IFF_UP) != 0;
}

static bool is_checksum_done(struct msghdr *message)
{
	struct tpacket_auxdata data;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_PACKET || header->cmsg_type != PACKET_AUXDATA ||
		    header->cmsg_len < CMSG_LEN(sizeof(data)))
			continue;
		memcpy(&data, CMSG_DATA(header), sizeof(data));
		return !(data.tp_status & TP_STATUS_CSUMNOTREADY);
	}
	return true;
}

ssize_t packet_socket_receive(int fd, uint8_t *data, size_t size, bool *checksum_done)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct iovec vector = {.iov_base = data, .iov_len = size};
	struct msghdr message = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);

	if (length < 0)
		return -errno;
	if (message.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	*checksum_done = is_checksum_done(&message);
	return length;
}

int packet_socket_send(int fd, const uint8_t *data, size_t size)
{
	return send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}
