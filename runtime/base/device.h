/* SPDX-License-Identifier: MIT */
/* A device node a machine may use: what plans say and cgroup policies are made of. */
#ifndef FLOE_BASE_DEVICE_H
#define FLOE_BASE_DEVICE_H

/* Allows ACCESS to the nodes it names. */
struct device_rule {
	char type;          /* 'c' or 'b' */
	int major;          /* -1: any */
	int minor;          /* -1: any */
	const char *access; /* of "rwm": read, write, mknod */
	const char *why;
};

#endif
