/* SPDX-License-Identifier: MIT */
/* Where others reach the monitor of a detached machine. */
#include "attach.h"

#include "../base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static const char left_out[] = "\r\n[floe: some output was left out here]\r\n";

/* ---- the socket ---- */

void attach_init(struct attach *attach, void (*limit)(void *context, const char *assignment),
		 void *context)
{
	*attach = (struct attach){.listener = -1, .limit = limit, .context = context};
	for (int i = 0; i < ATTACH_CLIENTS; i++)
		attach->clients[i].fd = -1;
}

/* By the directory's descriptor: the path of the directory may be longer than a socket's can be. */
static int bind_in(int fd, int directory)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" ATTACH_SOCKET,
		 directory);
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

/* Nobody can connect before listen(2): the mode, which the umask had a part in, is set by then. */
int attach_listen(struct attach *attach, int directory)
{
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = bind_in(fd, directory);
	if (r < 0)
		return r;
	if (fchmodat(directory, ATTACH_SOCKET, 0600, 0) < 0 || listen(fd, ATTACH_CLIENTS) < 0)
		return -errno;
	attach->listener = take_fd(&fd);
	return 0;
}

void attach_unlisten(struct attach *attach)
{
	cleanup_fd(&attach->listener);
	attach->listener = -1;
}

void attach_close(struct attach *attach)
{
	attach_unlisten(attach);
	for (int i = 0; i < ATTACH_CLIENTS; i++) {
		cleanup_fd(&attach->clients[i].fd);
		attach->clients[i].fd = -1;
	}
}

/* ---- clients ---- */

/* The smallest window counts: all see everything. With nobody left the last size stays. */
static void fit_size(const struct attach *attach, struct console *console)
{
	struct attach_size size = {UINT16_MAX, UINT16_MAX};

	for (int i = 0; i < ATTACH_CLIENTS; i++) {
		const struct attach_client *client = &attach->clients[i];

		if (client->fd < 0 || client->size.rows == 0 || client->size.columns == 0)
			continue;
		size.rows = client->size.rows < size.rows ? client->size.rows : size.rows;
		size.columns =
			client->size.columns < size.columns ? client->size.columns : size.columns;
	}
	if (size.rows != UINT16_MAX && size.columns != UINT16_MAX)
		console_set_size(console, size.rows, size.columns);
}

static void drop(struct attach *attach, struct attach_client *client, struct console *console)
{
	close(client->fd);
	*client = (struct attach_client){.fd = -1};
	fit_size(attach, console);
}

/* One too many is told so by the end of its connection. */
static void take_client(struct attach *attach)
{
	int fd = accept4(attach->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (int i = 0; fd >= 0 && i < ATTACH_CLIENTS; i++) {
		if (attach->clients[i].fd < 0) {
			attach->clients[i] = (struct attach_client){.fd = fd};
			return;
		}
	}
	cleanup_fd(&fd);
}

static void show_to(struct attach_client *client, const char *data, size_t size)
{
	if (size > 0 && send(client->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
	    (errno == EAGAIN || errno == ENOBUFS))
		client->behind = true;
}

void attach_show(void *context, const char *data, size_t size)
{
	struct attach *attach = context;

	for (int i = 0; i < ATTACH_CLIENTS; i++) {
		struct attach_client *client = &attach->clients[i];

		if (client->fd >= 0 && client->views && !client->behind)
			show_to(client, data, size);
	}
}

/* The last lines, from the beginning of one on. */
static void replay(struct attach_client *client, const struct tail *tail)
{
	char data[TAIL_SIZE];
	size_t size = tail_copy(tail, data);

	show_to(client, data, size);
}

static void set_view(struct attach *attach, struct attach_client *client, struct console *console,
		     const char *data, size_t size)
{
	if (size != sizeof(client->size))
		return;
	memcpy(&client->size, data, size);
	fit_size(attach, console);
}

/* True: it asks for a restart. */
static bool take_packet(struct attach *attach, struct attach_client *client,
			struct console *console)
{
	char packet[1 + ATTACH_KEYS_MAX + 1];
	ssize_t length = recv(client->fd, packet, sizeof(packet) - 1, MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (length <= 0) {
		drop(attach, client, console);
		return false;
	}
	packet[length] = '\0';
	switch (packet[0]) {
	case ATTACH_LIMIT:
		attach->limit(attach->context, packet + 1);
		return false;
	case ATTACH_VIEW:
		client->views = true;
		set_view(attach, client, console, packet + 1, (size_t)length - 1);
		replay(client, &console->tail);
		return false;
	case ATTACH_SIZE:
		set_view(attach, client, console, packet + 1, (size_t)length - 1);
		return false;
	case ATTACH_KEYS:
		console_type(console, packet + 1, (size_t)length - 1);
		return false;
	default:
		return packet[0] == ATTACH_RESTART;
	}
}

/* ---- the loop's part ---- */

void attach_poll(const struct attach *attach, struct console *console,
		 struct pollfd polls[static ATTACH_POLLS])
{
	bool room = console_takes_keys(console, ATTACH_KEYS_MAX);

	polls[0] = (struct pollfd){.fd = attach->listener, .events = POLLIN};
	for (int i = 0; i < ATTACH_CLIENTS; i++) {
		const struct attach_client *client = &attach->clients[i];
		short events = (short)((room ? POLLIN : 0) | (client->behind ? POLLOUT : 0));

		/* With no events poll(2) would still report a hang-up, again and again. */
		polls[1 + i] = (struct pollfd){.fd = events ? client->fd : -1, .events = events};
	}
}

bool attach_handle(struct attach *attach, struct console *console,
		   const struct pollfd polls[static ATTACH_POLLS])
{
	bool restart = false;

	for (int i = 0; i < ATTACH_CLIENTS; i++) {
		struct attach_client *client = &attach->clients[i];
		short events = polls[1 + i].revents;

		if (client->fd < 0 || !events)
			continue;
		if (events & POLLOUT) {
			client->behind = false;
			show_to(client, left_out, sizeof(left_out) - 1);
			replay(client, &console->tail);
		}
		/* What others typed in this turn may have taken the room. */
		if ((events & ~POLLOUT) && console_takes_keys(console, ATTACH_KEYS_MAX))
			restart |= take_packet(attach, client, console);
	}
	if (polls[0].revents)
		take_client(attach);
	return restart;
}
