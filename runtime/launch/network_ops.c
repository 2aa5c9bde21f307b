/* SPDX-License-Identifier: MIT */
/* The ops about the network that the monitor carries out, most of them while the leader assembles
 * the machine. */
#include "network.h"

#include "../base/cleanup.h"
#include "../link/link_helper.h"
#include "../net/join.h"
#include "../net/sysctl.h"
#include "../net/table.h"
#include "../net/zone.h"
#include "../sys/path.h"
#include "../sys/process.h"
#include "link_wait.h"
#include "resources.h"

#include "../../netlink/qdisc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* Routes that bring answers to the host's ::1 back differ by their links only: to the kernel they
 * are the same unless their metrics differ, too. */
#define LOCAL_METRIC 1024

/* One socket for all: opened when it is first used. */
static int open_route(struct context *context)
{
	if (context->route.fd >= 0)
		return 0;
	return netlink_open(&context->route, NETLINK_ROUTE, context->error);
}

int network_link(struct context *context, const char *name)
{
	int r = open_route(context);

	return r < 0 ? r : link_index(&context->route, name, context->error);
}

/* ---- before there is a link ---- */

static int claim(struct context *context, const struct op *op)
{
	context->net_alive = net_claim(&op->net->member, context->error);
	return context->net_alive < 0 ? context->net_alive : 0;
}

static int keep_choice(struct context *context, const struct op *op)
{
	CLEANUP_FD int fd = -1;
	int r = path_make_parents(op->source, 0755);

	(void)context;
	if (r < 0)
		return r;
	fd = open(op->source, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd < 0 ? -errno : fd_write_all(fd, op->text, strlen(op->text));
}

static int set_sysctl(struct context *context, const struct op *op)
{
	CLEANUP_FD int lock = -1;

	if (!op->flags)
		return file_write(op->source, op->text);
	lock = net_lock(false, context->error);
	return lock < 0 ? lock : sysctl_share(op->source, op->text, context->error);
}

/* ---- links ---- */

static int add_addresses(struct context *context, const struct op_net *net, uint32_t index)
{
	return set_addresses(&context->route, index, net, context->error);
}

static int add_routes(struct context *context, const struct op_net *net, uint32_t index)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < net->route_count; i++) {
		struct route route = net->routes[i];

		route.link = index;
		if (route.type == RTN_LOCAL)
			route.metric = LOCAL_METRIC + index;
		r = route_change(&context->route, NETLINK_CHANGE_REPLACE, &route, 1,
				 context->error);
	}
	return r;
}

static int give_addresses(struct context *context, const struct op *op)
{
	int index = network_link(context, op->source);
	int r = index < 0 ? index : add_addresses(context, op->net, (uint32_t)index);

	return r < 0 ? r : add_routes(context, op->net, (uint32_t)index);
}

static int make_zone(struct context *context, const struct op *op)
{
	CLEANUP_FD int lock = net_lock(false, context->error);
	int r = lock < 0 ? lock : open_route(context);

	if (r == 0)
		r = zone_open(&context->route, &op->net->link, context->error);
	return r < 0 ? r : add_addresses(context, op->net, (uint32_t)r);
}

static int create_veth(struct context *context, const struct op *op)
{
	struct link_setting host = op->net->link, peer = op->net->peer;
	int master = op->target ? network_link(context, op->target) : 0;

	if (master < 0)
		return master;
	host.master = master ? LINK_MASTER_SET : LINK_MASTER_KEEP;
	host.master_index = (uint32_t)master;
	peer.place = LINK_NAMESPACE_PID(context->leader);
	return link_create_veth(&context->route, &host, &peer, NULL) ?: -EIO;
}

/* The link of the machine's last life may be about to go with its namespace. */
static int make_veth(struct context *context, const struct op *op)
{
	int r = open_route(context), index;

	if (r < 0)
		return r;
	index = create_veth(context, op);
	if (index == -EEXIST) {
		const struct link_wait wait = {context_cancelled, context, context->plan->name};

		r = link_wait_gone(&wait, &context->route, op->source, context->error);
		index = r < 0 ? r : create_veth(context, op);
	}
	if (index < 0)
		return netlink_fail(&context->route, context->error, index,
				    "cannot make the link %s", op->source);
	r = op->text ? link_add_altname(&context->route, (uint32_t)index, op->text, context->error)
		     : 0;
	/* A machine of a zone that asks for its own published port is sent back to itself: the bridge
	 * does that already where it is filtered (br_nf_pre_routing_finish()). */
	if (r == 0 && op->flags)
		r = link_reflect(&context->route, (uint32_t)index, true, context->error);
	return r;
}

/* A socket of the machine's namespace. */
static int open_there(struct context *context, struct netlink *netlink)
{
	CLEANUP_FD int namespace = -1;
	char path[64];

	if (netlink->fd >= 0)
		return 0;
	namespace = open(process_path(path, context->leader, "/ns/net"), O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return err_errno(context->error, errno, "cannot open the machine's network");
	return netlink_open_in(netlink, NETLINK_ROUTE, namespace, context->error);
}

static int name_inside(struct context *context, const char *name, const char *altname)
{
	int r = open_there(context, &context->inside);

	if (r == 0)
		r = link_index(&context->inside, name, context->error);
	if (r > 0)
		r = link_add_altname(&context->inside, (uint32_t)r, altname, context->error);
	return r;
}

static int make_shared(struct context *context, const struct op *op)
{
	struct link_setting setting = op->net->peer;
	int parent = network_link(context, op->source), r;

	if (parent < 0)
		return parent;
	setting.place = LINK_NAMESPACE_PID(context->leader);
	r = link_create_shared(&context->route, op->net->shared, (uint32_t)parent, 0, &setting,
			       context->error);
	if (r < 0 || !op->text)
		return r < 0 ? r : 0;
	return name_inside(context, setting.name, op->text);
}

static int note_moved(struct context *context, const char *name, const char *inside)
{
	size_t size = (context->moved_count + 1) * sizeof(*context->moved);
	struct moved_link *moved = realloc(context->moved, size);
	int index = open_there(context, &context->inside);

	if (!moved)
		return -ENOMEM;
	context->moved = moved;
	if (index == 0)
		index = link_index(&context->inside, inside, context->error);
	if (index < 0)
		return index;
	moved[context->moved_count++] = (struct moved_link){name, index};
	return 0;
}

/* The kernel moves first and sets the rest then: what it failed to rename may be there already. */
static void take_back(struct context *context, const struct link_info *info)
{
	CLEANUP_FD int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	const struct link_setting setting = {.place = LINK_NAMESPACE_FD(own)};
	int index;

	if (own < 0 || link_index(&context->route, info->name, NULL) != -ENODEV ||
	    open_there(context, &context->inside) < 0)
		return;
	index = link_index(&context->inside, info->name, NULL);
	if (index > 0)
		link_change(&context->inside, (uint32_t)index, &setting, NULL);
}

/* Named by one of its alternative names, it keeps the name that it has. */
static int move_link(struct context *context, const struct op *op)
{
	struct link_setting setting = {.name = op->net->peer.name,
				       .place = LINK_NAMESPACE_PID(context->leader)};
	struct arena arena = {0};
	struct link_info info;
	const char *name = NULL;
	int r = open_route(context);

	if (r == 0)
		r = link_find(&context->route, &arena, op->source, &info, context->error);
	if (r == 0) {
		r = link_change(&context->route, info.index, &setting, context->error);
		if (r < 0)
			take_back(context, &info);
	}
	if (r == 0) {
		/* For as long as the machine lives: the arena of the plan is not ours to fill. */
		name = strdup(info.name);
		r = name ? note_moved(context, name, setting.name ? setting.name : name) : -ENOMEM;
	}
	if (r < 0)
		free((void *)(uintptr_t)name);
	arena_free(&arena);
	return r;
}

static int limit_rate(struct context *context, const struct op *op)
{
	int index = network_link(context, op->source);

	return index < 0 ? index
			 : qdisc_set_rate(&context->route, (uint32_t)index, op->number[0],
					  context->error);
}

/* ---- when they are there ---- */

static int join(struct context *context, const struct op *op)
{
	const struct link_helper *helper = context->helper;
	const uint16_t dns[2] = {helper ? helper->dns_port4 : 0, helper ? helper->dns_port6 : 0};
	int r = op->flags ? net_filter_open(&context->filter, context->error) : 0;

	return r < 0 ? r
		     : net_join(op->flags ? &context->filter : NULL, op->net->member.machine, dns,
				context->error);
}

static int watch(struct context *context, const struct op *op)
{
	static const unsigned int groups[] = {RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR};
	int r = open_there(context, &context->watch);

	(void)op;
	if (r == 0)
		r = open_there(context, &context->inside);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(groups); i++)
		r = netlink_subscribe(&context->watch, groups[i], context->error);
	return r;
}

op_function network_function(enum op_kind kind)
{
	static const op_function functions[OP_COUNT] = {
		[OP_NET_CLAIM] = claim,      [OP_NET_KEEP] = keep_choice,
		[OP_SYSCTL] = set_sysctl,    [OP_LINK_ZONE] = make_zone,
		[OP_LINK_VETH] = make_veth,  [OP_LINK_SHARED] = make_shared,
		[OP_LINK_MOVE] = move_link,  [OP_LINK_ADDRESS] = give_addresses,
		[OP_LINK_RATE] = limit_rate, [OP_LINK_SERVE] = network_serve,
		[OP_NET_JOIN] = join,        [OP_NET_WATCH] = watch,
	};

	return functions[kind];
}

/* ---- the end ---- */

/* Physical links of a namespace that ends go back to the first one by themselves, others are
 * deleted (default_device_exit_net()). */
static void bring_back(struct context *context, const struct moved_link *moved, int own)
{
	const struct link_setting setting = {.name = moved->name, .place = LINK_NAMESPACE_FD(own)};

	link_change(&context->inside, (uint32_t)moved->index, &setting, NULL);
}

void network_release(struct context *context, struct floe_error *error)
{
	CLEANUP_FD int own = -1;

	(void)error;
	network_serve_end(context);
	if (context->moved_count > 0)
		own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	for (size_t i = context->moved_count; i > 0; i--) {
		bring_back(context, &context->moved[i - 1], own);
		free((void *)(uintptr_t)context->moved[i - 1].name);
	}
	free(context->moved);
	context->moved = NULL;
	context->moved_count = 0;
	/* The machine's namespace lives for as long as a socket of it does. */
	netlink_close(&context->watch);
	netlink_close(&context->inside);
	netlink_close(&context->filter);
	netlink_close(&context->route);
	cleanup_fd(&context->net_alive);
	context->net_alive = -1;
}
