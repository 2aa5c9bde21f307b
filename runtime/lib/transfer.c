/* SPDX-License-Identifier: MIT */
/* A file or directory tree from one process to another, each with its own rights. */
#include "transfer.h"

#include "transfer_packet.h"

#include "../base/cleanup.h"
#include "../sys/tree.h"
#include "../sys/tree_content.h"
#include "../sys/tree_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* ---- packets ---- */

static int packet_send(int channel, const struct packet *packet, int fd)
{
	struct iovec data = {(void *)(uintptr_t)packet,
			     offsetof(struct packet, text) + strlen(packet->text) + 1};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.space);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	while (sendmsg(channel, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static int fd_of(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

/* -EPIPE: the other side is gone. */
static int packet_receive(int channel, struct packet *packet, int *fd)
{
	struct iovec data = {packet, sizeof(*packet)};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.space),
	};
	ssize_t length;

	*fd = -1;
	/* Of one who left without reading all the reset is told first, and then what he said. */
	do {
		length = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	} while (length < 0 && (errno == EINTR || errno == ECONNRESET));
	if (length < 0)
		return -errno;
	*fd = fd_of(&message);
	if (length == 0)
		return -EPIPE;
	packet->name[NAME_MAX] = packet->text[PATH_MAX - 1] = '\0';
	return length > (ssize_t)offsetof(struct packet, text) ? 0 : -EBADMSG;
}

static void fill_error(struct packet *packet, const struct floe_error *error)
{
	packet->errnum = error->errnum ? error->errnum : EIO;
	snprintf(packet->text, sizeof(packet->text), "%s", error->message);
}

/* What the other side says; its words are whole sentences. */
static int take_error(const struct packet *packet, struct floe_error *error)
{
	if (packet->text[0])
		err_set(error, FLOE_ERROR_SYSTEM, packet->errnum, "%s", packet->text);
	return packet->errnum > 0 ? -packet->errnum : -EIO;
}

/* ---- signals ---- */

static int check_signals(int signal_fd)
{
	struct pollfd poll_fd = {.fd = signal_fd, .events = POLLIN};
	struct signalfd_siginfo info;

	while (signal_fd >= 0 && poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLIN) &&
	       read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT ||
		    info.ssi_signo == SIGHUP)
			return -ECANCELED;
	return 0;
}

/* Until the other side says something: it may have much to write. */
static int wait_answer(int channel, int signal_fd)
{
	struct pollfd polls[] = {
		{.fd = channel, .events = POLLIN},
		{.fd = signal_fd, .events = POLLIN},
	};
	int r = 0;

	while (r == 0 && !polls[0].revents) {
		if (poll(polls, ARRAY_SIZE(polls), -1) < 0 && errno != EINTR)
			return -errno;
		if (polls[1].revents)
			r = check_signals(signal_fd);
	}
	return r;
}

/* ---- sending ---- */

struct sender {
	int channel;
	int signal_fd;
	uint64_t left_out;
	struct packet packet;
};

static void describe(struct packet *packet, enum packet_type type, const char *name,
		     const struct stat *status)
{
	packet->type = (int32_t)type;
	packet->mode = status->st_mode & 07777;
	packet->uid = status->st_uid;
	packet->gid = status->st_gid;
	packet->times[0] = status->st_atim;
	packet->times[1] = status->st_mtim;
	packet->text[0] = '\0';
	snprintf(packet->name, sizeof(packet->name), "%s", name);
}

/* Opened by what is known to be a regular file: nothing acts, and no fifo blocks. */
static int send_file(struct sender *sender, const char *name, int fd, const struct stat *status)
{
	char path[TREE_PATH_MAX];
	CLEANUP_FD int file = open(tree_path(fd, path), O_RDONLY | O_NOCTTY | O_CLOEXEC);

	if (file < 0)
		return -errno;
	describe(&sender->packet, PACKET_FILE, name, status);
	return packet_send(sender->channel, &sender->packet, file);
}

static int send_link(struct sender *sender, const char *name, int fd, const struct stat *status)
{
	struct packet *packet = &sender->packet;
	ssize_t length;

	describe(packet, PACKET_LINK, name, status);
	length = readlinkat(fd, "", packet->text, sizeof(packet->text) - 1);
	if (length < 0)
		return -errno;
	packet->text[length] = '\0';
	return packet_send(sender->channel, packet, -1);
}

static int send_entry(void *context, const struct tree_level *level, const char *name, int fd,
		      const struct stat *status)
{
	struct sender *sender = context;

	(void)level;
	if (S_ISREG(status->st_mode))
		return send_file(sender, name, fd, status);
	if (S_ISLNK(status->st_mode))
		return send_link(sender, name, fd, status);
	if (!S_ISFIFO(status->st_mode)) {
		sender->left_out++;
		return 0;
	}
	describe(&sender->packet, PACKET_FIFO, name, status);
	return packet_send(sender->channel, &sender->packet, -1);
}

static int send_directory(void *context, const struct tree_level *level, const char *name,
			  const struct stat *status, int *mirror)
{
	struct sender *sender = context;

	(void)level;
	(void)mirror;
	describe(&sender->packet, PACKET_DIRECTORY, name, status);
	return packet_send(sender->channel, &sender->packet, -1);
}

/* The attributes of a directory last: what is made in it changes them. */
static int send_leave(void *context, const struct tree_level *level)
{
	struct sender *sender = context;
	struct stat status;

	if (fstat(level->fd, &status) < 0)
		return -errno;
	describe(&sender->packet, PACKET_LEAVE, "", &status);
	return packet_send(sender->channel, &sender->packet, -1);
}

/* What is mounted below is not entered: an empty directory stands for it. */
static int send_mounted(void *context, const struct tree_level *level, const char *name)
{
	struct sender *sender = context;

	(void)level;
	(void)name;
	sender->left_out++;
	return 0;
}

static bool is_cancelled(void *context)
{
	const struct sender *sender = context;

	return check_signals(sender->signal_fd) < 0;
}

static int send_tree(struct sender *sender, int source, const struct stat *status)
{
	static const struct tree_visitor visitor = {
		.entry = send_entry,
		.enter = send_directory,
		.leave = send_leave,
		.mounted = send_mounted,
	};
	const struct tree_stop stop = {is_cancelled, sender};
	char path[TREE_PATH_MAX];
	CLEANUP_FD int top = open(tree_path(source, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (top < 0)
		return -errno;
	r = send_directory(sender, NULL, "", status, NULL);
	return r < 0 ? r : tree_walk(top, -1, &visitor, sender, &stop);
}

static int send_all(struct sender *sender, int source)
{
	struct stat status;
	int r;

	if (fstat(source, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		r = send_tree(sender, source, &status);
	else
		r = send_entry(sender, NULL, "", source, &status);
	if (r < 0)
		return r;
	if (sender->left_out > 0 && !S_ISDIR(status.st_mode))
		return -EOPNOTSUPP;
	sender->packet.type = PACKET_END;
	sender->packet.text[0] = '\0';
	return packet_send(sender->channel, &sender->packet, -1);
}

int transfer_send(int channel, int source, int signal_fd, uint64_t *left_out,
		  struct floe_error *error)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	int fd = -1, r, answered;

	if (!sender)
		return -ENOMEM;
	sender->channel = channel;
	sender->signal_fd = signal_fd;
	r = send_all(sender, source);
	/* An other side that gave up said why, and does not listen any more. */
	if (r < 0 && r != -EPIPE && r != -ECONNRESET) {
		struct floe_error own = {0};

		err_errno(&own, -r, "cannot read what is to be copied");
		transfer_fail(channel, &own);
		err_errno(error, -r, "cannot read what is to be copied");
	}
	answered = r == -ECANCELED ? r : wait_answer(channel, signal_fd);
	if (answered == 0)
		answered = packet_receive(channel, &sender->packet, &fd);
	cleanup_fd(&fd);
	if (answered == 0 && sender->packet.errnum != 0)
		r = take_error(&sender->packet, error);
	else if (r == 0)
		r = answered;
	*left_out = sender->left_out;
	free(sender);
	return r;
}

void transfer_answer(int channel, int r, const struct floe_error *error)
{
	struct packet packet = {.type = PACKET_DONE};

	if (r < 0)
		fill_error(&packet, error);
	packet_send(channel, &packet, -1);
}

void transfer_fail(int channel, const struct floe_error *error)
{
	struct packet packet = {.type = PACKET_FAIL};

	fill_error(&packet, error);
	packet_send(channel, &packet, -1);
}

/* ---- receiving ---- */

struct receiver {
	const struct transfer_target *target;
	char temporary[32]; /* in the parent, until all is there */
	int levels[TRANSFER_DEPTH_MAX];
	size_t depth;
	bool begun;
	struct tree_content content;
	struct packet packet;
};

static bool is_name(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Where the next entry goes: the first one is what the whole is called. */
static int place_of(struct receiver *receiver, const char **name)
{
	if (receiver->depth > 0) {
		*name = receiver->packet.name;
		return is_name(*name) ? receiver->levels[receiver->depth - 1] : -EBADMSG;
	}
	if (receiver->begun)
		return -EBADMSG;
	receiver->begun = true;
	*name = receiver->temporary;
	return receiver->target->parent;
}

/* An owner who is not there (EINVAL) cannot be given: the file stays ours, and acts for nobody. */
static int set_attributes(const struct receiver *receiver, int fd)
{
	const struct packet *packet = &receiver->packet;
	mode_t mode = packet->mode & 07777;

	if (fchown(fd, packet->uid, packet->gid) < 0) {
		if (errno != EINVAL && errno != EPERM)
			return -errno;
		mode &= 01777;
	}
	if (receiver->target->distrust)
		mode &= 01777;
	if (fchmod(fd, mode) < 0)
		return -errno;
	return futimens(fd, packet->times) < 0 ? -errno : 0;
}

static int receive_directory(struct receiver *receiver)
{
	const char *name;
	int parent = place_of(receiver, &name), fd;

	if (parent < 0)
		return parent;
	if (receiver->depth == TRANSFER_DEPTH_MAX)
		return -ELOOP;
	if (mkdirat(parent, name, 0700) < 0)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	receiver->levels[receiver->depth++] = fd;
	return 0;
}

static int receive_leave(struct receiver *receiver)
{
	int fd, r;

	if (receiver->depth == 0)
		return -EBADMSG;
	fd = receiver->levels[--receiver->depth];
	r = set_attributes(receiver, fd);
	close(fd);
	return r;
}

static int receive_file(struct receiver *receiver, int source)
{
	const char *name;
	int parent = place_of(receiver, &name), r;
	CLEANUP_FD int fd = -1;
	struct stat status;

	if (parent < 0)
		return parent;
	if (source < 0 || fstat(source, &status) < 0 || !S_ISREG(status.st_mode))
		return -EBADMSG;
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = tree_content_copy(&receiver->content, source, fd, status.st_size);
	return r < 0 ? r : set_attributes(receiver, fd);
}

/* Links and fifos are never opened: all that is set is set by name, on what was only just made. */
static int receive_special(struct receiver *receiver)
{
	const struct packet *packet = &receiver->packet;
	const char *name;
	int parent = place_of(receiver, &name);

	if (parent < 0)
		return parent;
	if (packet->type == PACKET_LINK ? symlinkat(packet->text, parent, name) < 0
					: mkfifoat(parent, name, packet->mode & 0777) < 0)
		return -errno;
	if (fchownat(parent, name, packet->uid, packet->gid, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno != EINVAL && errno != EPERM)
		return -errno;
	return utimensat(parent, name, packet->times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* 1: that was all. */
static int receive_one(struct receiver *receiver, int channel, struct floe_error *error)
{
	struct packet *packet = &receiver->packet;
	int r = check_signals(receiver->target->signal_fd), fd = -1;

	if (r == 0)
		r = packet_receive(channel, packet, &fd);
	if (r < 0)
		return r;
	switch (packet->type) {
	case PACKET_DIRECTORY:
		r = receive_directory(receiver);
		break;
	case PACKET_LEAVE:
		r = receive_leave(receiver);
		break;
	case PACKET_FILE:
		r = receive_file(receiver, fd);
		break;
	case PACKET_LINK:
	case PACKET_FIFO:
		r = receive_special(receiver);
		break;
	case PACKET_END:
		r = receiver->begun && receiver->depth == 0 ? 1 : -EBADMSG;
		break;
	case PACKET_FAIL:
		r = take_error(packet, error);
		break;
	default:
		r = -EBADMSG;
	}
	cleanup_fd(&fd);
	return r;
}

/* ---- the name ---- */

static bool exists(int parent, const char *name)
{
	return faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Not every file system can rename without replacing (renameat2(2)). */
static int give_name(const struct receiver *receiver)
{
	const struct transfer_target *target = receiver->target;
	int parent = target->parent;

	if (target->force && exists(parent, target->name)) {
		if (renameat2(parent, receiver->temporary, parent, target->name, RENAME_EXCHANGE) <
		    0)
			return -errno;
		return tree_remove(parent, receiver->temporary);
	}
	if (renameat2(parent, receiver->temporary, parent, target->name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	if (exists(parent, target->name))
		return -EEXIST;
	return renameat(parent, receiver->temporary, parent, target->name) < 0 ? -errno : 0;
}

static int say_exists(const struct transfer_target *target, struct floe_error *error)
{
	err_set(error, FLOE_ERROR_BUSY, EEXIST, "\"%s\" is there already", target->name);
	return err_hint(error, "--force replaces it");
}

static int receive_all(struct receiver *receiver, int channel, struct floe_error *error)
{
	int r = 0;

	while (r == 0)
		r = receive_one(receiver, channel, error);
	while (receiver->depth > 0)
		close(receiver->levels[--receiver->depth]);
	if (r == 1)
		r = give_name(receiver);
	if (r < 0)
		tree_remove(receiver->target->parent, receiver->temporary);
	if (r == -EEXIST)
		return say_exists(receiver->target, error);
	if (r == -EPIPE)
		return err_set(error, FLOE_ERROR_SYSTEM, ECHILD,
			       "the other end of the copy is gone; was it killed?");
	return r < 0 ? err_errno(error, -r, "cannot write the copy \"%s\"", receiver->target->name)
		     : 0;
}

int transfer_receive(int channel, const struct transfer_target *target, struct floe_error *error)
{
	struct receiver *receiver;
	uint64_t random = 0;
	int r;

	if (!is_name(target->name))
		return err_usage(error, "\"%s\" is no name for a copy", target->name);
	if (!target->force && exists(target->parent, target->name))
		return say_exists(target, error);
	receiver = calloc(1, sizeof(*receiver));
	if (!receiver)
		return err_errno(error, ENOMEM, "cannot receive a copy");
	receiver->target = target;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = (uint64_t)getpid();
	snprintf(receiver->temporary, sizeof(receiver->temporary), ".floe-%016llx",
		 (unsigned long long)random);
	r = receive_all(receiver, channel, error);
	free(receiver);
	return r;
}
