/* SPDX-License-Identifier: MIT */
/* Notification both ways: from the machine's PID 1, and to the service manager above. */
#include "notify.h"

#include "../base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

/* The most descriptors one message can carry (SCM_MAX_FD, include/net/scm.h). */
#define FDS_MAX 253

/* How long a service manager may leave its socket full before a message is given up. */
#define SEND_TIMEOUT_S 5

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(FDS_MAX * sizeof(int))];
};

static void close_fds(const struct cmsghdr *header)
{
	size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
		close(fd);
	}
}

/* The sender as the kernel vouches for it, in our own pid namespace; 0: unknown. */
static pid_t take_control(struct msghdr *packet)
{
	struct ucred sender = {0};

	for (struct cmsghdr *header = CMSG_FIRSTHDR(packet); header;
	     header = CMSG_NXTHDR(packet, header)) {
		if (header->cmsg_level != SOL_SOCKET)
			continue;
		if (header->cmsg_type == SCM_RIGHTS)
			close_fds(header);
		else if (header->cmsg_type == SCM_CREDENTIALS &&
			 header->cmsg_len == CMSG_LEN(sizeof(sender)))
			memcpy(&sender, CMSG_DATA(header), sizeof(sender));
	}
	return sender.pid;
}

int notify_receive(int socket, pid_t leader, struct notify_message *out)
{
	char data[NOTIFY_MESSAGE_MAX + 1];
	struct iovec vector = {.iov_base = data, .iov_len = sizeof(data)};
	union control control;
	struct msghdr packet = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(socket, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	pid_t sender;

	if (length < 0)
		return errno == EINTR ? 0 : -errno;
	sender = take_control(&packet);
	if (sender != leader || (packet.msg_flags & MSG_TRUNC))
		return 0;
	return notify_parse(data, (size_t)length, out) == 0;
}

/* sd_notify(3): a path, or with '@' the name of an abstract socket. 0: neither. */
static socklen_t address_of(const char *name, struct sockaddr_un *address)
{
	size_t length = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof(address->sun_path))
		return 0;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, name, length);
	if (name[0] == '@')
		address->sun_path[0] = '\0';
	/* A path is terminated; an abstract name is as long as its address says (unix(7)). */
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (name[0] == '/'));
}

static int send_text(const char *name, const char *text, size_t size)
{
	const struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	socklen_t length = address_of(name, &address);

	if (fd < 0)
		return -errno;
	if (length == 0)
		return -EPROTONOSUPPORT;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    sendto(fd, text, size, MSG_NOSIGNAL, (struct sockaddr *)&address, length) < 0)
		return -errno;
	return 1;
}

int notify_send(const char *format, ...)
{
	const char *name = getenv("NOTIFY_SOCKET");
	char text[NOTIFY_MESSAGE_MAX];
	va_list arguments;
	int length;

	if (!name || !name[0])
		return 0;
	va_start(arguments, format);
	length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(text))
		return -EMSGSIZE;
	return send_text(name, text, (size_t)length);
}

/* The whole variable as a number; 0 when it is missing or none. */
static uint64_t number_from_environment(const char *name)
{
	const char *text = getenv(name);
	char *end;
	uint64_t number;

	if (!text || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	number = strtoull(text, &end, 10);
	return errno || *end ? 0 : number;
}

uint64_t notify_watchdog_period(void)
{
	if (getenv("WATCHDOG_PID") && number_from_environment("WATCHDOG_PID") != (uint64_t)getpid())
		return 0;
	return number_from_environment("WATCHDOG_USEC") / 2;
}
