/* SPDX-License-Identifier: MIT */
/* Messages between the monitor and the children of a start. */
#include "context.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

union fd_control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

static void attach_fd(struct msghdr *packet, union fd_control *control, int fd)
{
	struct cmsghdr *header;

	memset(control, 0, sizeof(*control));
	packet->msg_control = control;
	packet->msg_controllen = sizeof(control->space);
	header = CMSG_FIRSTHDR(packet);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
}

int message_send(int channel, const struct message *message, int fd)
{
	struct iovec data = {.iov_base = (void *)(uintptr_t)message, .iov_len = sizeof(*message)};
	struct msghdr packet = {.msg_iov = &data, .msg_iovlen = 1};
	union fd_control control;

	if (fd >= 0)
		attach_fd(&packet, &control, fd);
	if (sendmsg(channel, &packet, MSG_NOSIGNAL) != (ssize_t)sizeof(*message))
		return -errno;
	return 0;
}

static int detach_fd(struct msghdr *packet)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(packet);
	int fd = -1;

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

int message_receive(int channel, struct message *message, int *fd)
{
	struct iovec data = {.iov_base = message, .iov_len = sizeof(*message)};
	union fd_control control = {0};
	struct msghdr packet = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space),
	};
	ssize_t length;

	*fd = -1;
	do {
		length = recvmsg(channel, &packet, MSG_CMSG_CLOEXEC);
	} while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	if (length == 0)
		return 0;
	*fd = detach_fd(&packet);
	return length == (ssize_t)sizeof(*message) ? 1 : -EBADMSG;
}

int ops_run(struct context *context, enum op_phase phase, op_function (*find)(enum op_kind),
	    int *failed)
{
	const struct plan *plan = context->plan;

	for (size_t i = 0; i < plan->op_count; i++) {
		const struct op *op = &plan->ops[i];
		op_function function;
		int r;

		if (op->phase != phase)
			continue;
		function = find(op->kind);
		r = function ? function(context, op) : -ENOSYS;
		if (r < 0) {
			*failed = (int)i;
			return r;
		}
	}
	return 0;
}
