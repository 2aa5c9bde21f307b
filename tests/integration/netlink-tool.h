/* SPDX-License-Identifier: MIT */
/* What the two files of netlink-tool share. */
#ifndef FLOE_TESTS_NETLINK_TOOL_H
#define FLOE_TESTS_NETLINK_TOOL_H

#include "../../netlink/socket.h"
#include "../../runtime/base/arena.h"

struct tool {
	struct netlink netlink;
	struct arena arena;
	struct floe_error error;
};

struct tool_verb {
	const char *name;
	int arguments;
	int protocol;
	int (*run)(struct tool *tool, char **arguments);
};

void tool_die(const char *what);

int tool_nft_ports(struct tool *tool, char **a);
int tool_nft_all(struct tool *tool, char **a);
int tool_nft_element(struct tool *tool, char **a);
int tool_nft_many(struct tool *tool, char **a);
int tool_nft_refused(struct tool *tool, char **a);
int tool_nft_delete(struct tool *tool, char **a);
int tool_nft_show(struct tool *tool, char **a);

#endif
