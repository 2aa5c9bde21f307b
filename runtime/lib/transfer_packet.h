/* SPDX-License-Identifier: MIT */
/* What the two sides of a transfer say to each other, SOCK_SEQPACKET. */
#ifndef FLOE_LIB_TRANSFER_PACKET_H
#define FLOE_LIB_TRANSFER_PACKET_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

/* A descriptor for each level is held while a tree is received. */
#define TRANSFER_DEPTH_MAX 256

enum packet_type {
	PACKET_DIRECTORY, /* what follows is in it, up to its PACKET_LEAVE */
	PACKET_LEAVE,
	PACKET_FILE, /* with a descriptor that is open for reading */
	PACKET_LINK, /* text: what it says */
	PACKET_FIFO,
	PACKET_END,
	PACKET_FAIL, /* text: why, errnum */
	PACKET_DONE, /* the answer; text and errnum when it failed */
};

struct packet {
	int32_t type;
	int32_t errnum;
	uint32_t mode, uid, gid;
	struct timespec times[2]; /* of access and modification */
	char name[NAME_MAX + 1];
	char text[PATH_MAX]; /* only as much as it takes is sent */
};

#endif
