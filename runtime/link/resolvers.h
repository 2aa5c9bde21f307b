/* SPDX-License-Identifier: MIT */
/* The resolvers that the host uses, as /etc/resolv.conf names them when they are needed. */
#ifndef FLOE_LINK_RESOLVERS_H
#define FLOE_LINK_RESOLVERS_H

#include "../base/resolv_conf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#define RESOLVERS_PATH "/etc/resolv.conf"

/* All zeros before the first use. */
struct resolvers {
	struct resolv_conf conf;
	uint64_t failed_usec[RESOLV_CONF_SERVERS]; /* when each did not answer; 0: it did */
	/* What the file was when it was read, and how often it has been. */
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
	unsigned int generation;
};

/* Which resolvers one query has been sent to. All zeros for a new one. */
struct resolver_choice {
	unsigned int generation; /* of the list; 0: none asked yet */
	unsigned int tried;      /* a bit each */
	unsigned int current;    /* the one that is asked */
};

/*
 * A new non-blocking socket of TYPE (SOCK_DGRAM, SOCK_STREAM), connected or about to be, to the
 * next resolver that CHOICE has not tried; those that failed lately come last. -ENOENT: there is
 * none left. Of the file the current contents count, also when they changed on the way.
 */
int resolvers_connect(struct resolvers *resolvers, struct resolver_choice *choice, int type,
		      uint64_t now_usec);

/* Whether there is one that CHOICE has not tried. */
bool resolvers_has_next(const struct resolvers *resolvers, const struct resolver_choice *choice);

/* Notes whether the current one of CHOICE answered. */
void resolvers_note(struct resolvers *resolvers, const struct resolver_choice *choice,
		    bool answered, uint64_t now_usec);

#endif
