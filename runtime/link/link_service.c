/* SPDX-License-Identifier: MIT */
/* What the services of a machine's link have in common. */
#include "link_service.h"

#include "../base/cleanup.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#define AT_SENDER 6 /* in the Ethernet header */

/* How often a link that is down is looked for. */
#define CHECK_USEC 1000000

const struct link_limits link_limits_few = {
	.interval_usec = 20000,
	.burst = 16,
	.receive_buffer = 16384,
};

static int fail(int errnum, int index, const char *name, struct floe_error *error)
{
	char link[IF_NAMESIZE];
	int r = err_errno(error, errnum, "cannot serve %s on link %s (number %d)", name,
			  if_indextoname((unsigned int)index, link) ? link : "?", index);

	if (errnum == EPERM)
		return err_hint(error, "it takes CAP_NET_RAW");
	if (errnum == EPROTONOSUPPORT)
		return err_hint(error, "it is not an Ethernet link");
	return r;
}

void link_filter_field(uint16_t size, uint32_t at, uint32_t value,
		       struct sock_filter out[static LINK_FILTER_FIELD_COUNT])
{
	const struct sock_filter field[LINK_FILTER_FIELD_COUNT] = {
		BPF_STMT((uint16_t)(BPF_LD | BPF_ABS | size), at),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	memcpy(out, field, sizeof(field));
}

size_t link_filter_sender(const uint8_t mac[static WIRE_MAC_SIZE],
			  struct sock_filter out[static LINK_FILTER_SENDER_COUNT])
{
	link_filter_field(BPF_W, AT_SENDER, wire_get32(mac), out);
	link_filter_field(BPF_H, AT_SENDER + 4, wire_get16(mac + 4), out + LINK_FILTER_FIELD_COUNT);
	return LINK_FILTER_SENDER_COUNT;
}

int link_service_open(struct link_service *service, int index, const struct link_service_kind *kind,
		      struct floe_error *error)
{
	const struct link_limits *limits = kind->limits;
	CLEANUP_FD int fd = packet_socket_open(index, kind->protocol, kind->filter,
					       kind->filter_count, limits->receive_buffer);
	int r;

	*service = (struct link_service){
		.fd = -1,
		.bucket = {.interval_usec = limits->interval_usec, .burst = limits->burst}};
	if (fd < 0)
		return fail(-fd, index, kind->name, error);
	if (kind->multicast && (r = packet_socket_join(fd, index, kind->multicast)) < 0)
		return fail(-r, index, kind->name, error);
	service->fd = take_fd(&fd);
	return 0;
}

uint64_t link_service_poll(const struct link_service *service, uint64_t now_usec,
			   struct pollfd *poll)
{
	uint64_t next = token_bucket_next(&service->bucket, now_usec);
	bool paused = next > now_usec;

	*poll = (struct pollfd){.fd = paused ? -1 : service->fd, .events = POLLIN};
	if (service->fd < 0)
		return 0;
	if (paused && (service->check_usec == 0 || next < service->check_usec))
		return next;
	return service->check_usec;
}

/*
 * A link that is deleted goes down first, and only that is told (packet_notifier,
 * net/packet/af_packet.c): who is quick finds it still there. So it is looked for until it is up.
 */
static int check_link(struct link_service *service, uint64_t now_usec)
{
	int r = packet_socket_is_up(service->fd);

	service->check_usec = r > 0 ? 0 : now_usec + CHECK_USEC;
	return r < 0 ? r : 0;
}

ssize_t link_service_receive(struct link_service *service, uint64_t now_usec,
			     uint8_t data[static LINK_FRAME_MAX], bool *checksum_done)
{
	ssize_t r;

	if (service->fd >= 0 && service->check_usec && service->check_usec <= now_usec &&
	    (r = check_link(service, now_usec)) < 0)
		return r;
	do {
		if (service->fd < 0 || token_bucket_next(&service->bucket, now_usec) > now_usec)
			return 0;
		r = packet_socket_receive(service->fd, data, LINK_FRAME_MAX, checksum_done);
		/* Only finding nothing is free: no error can keep us busy either. */
		if (r != -EAGAIN)
			token_bucket_take(&service->bucket, now_usec);
	} while (r == -EMSGSIZE);
	/* An error is kept by the kernel until it is asked for: afterwards the socket goes on. */
	if (r == -ENETDOWN)
		return check_link(service, now_usec);
	return r > 0 ? r : 0;
}

int link_service_send(struct link_service *service, const uint8_t *data, size_t size)
{
	int r = packet_socket_send(service->fd, data, size);

	if (r == 0)
		return 1;
	return r == -ENXIO || r == -ENODEV ? -ENODEV : 0;
}

void link_service_close(struct link_service *service)
{
	cleanup_fd(&service->fd);
	service->fd = -1;
}
