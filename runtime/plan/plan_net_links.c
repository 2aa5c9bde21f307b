/* SPDX-License-Identifier: MIT */
/* Links besides the machine's own: further pairs, shared links, links that move in. nspawn.md 5. */
#include "builder.h"

#include "../base/link_names.h"

#include <string.h>

static uint8_t *make_mac(struct builder *b, enum link_mac which, uint64_t index)
{
	uint8_t *mac = arena_alloc(&b->plan->arena, WIRE_MAC_SIZE);

	if (mac)
		link_mac_make(which, b->host->net.seed, b->plan->name, index, mac);
	return mac;
}

/* How many of the links before INDEX are of the same kind: it counts in their MACs. */
static uint64_t count_before(const struct spec_links *links, size_t index)
{
	uint64_t count = 0;

	for (size_t i = 0; i < index; i++)
		count += links->others[i].kind == links->others[index].kind;
	return count;
}

static void add_pair(struct builder *b, const struct spec_link *link, uint64_t index)
{
	struct op_net *op = add_net(b, OP_LINK_VETH, PHASE_NETWORK, link->host, "asked for");

	op->link = (struct link_setting){.name = link->host,
					 .mac = make_mac(b, LINK_MAC_EXTRA_HOST, index),
					 .alias = own_alias(b)};
	op->peer = (struct link_setting){.name = link->inside ? link->inside : link->host,
					 .mac = make_mac(b, LINK_MAC_EXTRA_CONTAINER, index)};
	trace_add(b, TRACE_LINK, link->host);
}

static void add_shared(struct builder *b, const struct spec_link *link, uint64_t index)
{
	bool macvlan = link->kind == SPEC_LINK_MACVLAN;
	struct op_net *op = add_net(b, OP_LINK_SHARED, PHASE_NETWORK, link->host, "asked for");
	struct link_name *name = arena_alloc(&b->plan->arena, sizeof(*name));

	if (!name)
		return;
	link_name_make(macvlan ? LINK_PREFIX_MACVLAN : LINK_PREFIX_IPVLAN, link->host, name);
	op->shared = macvlan ? LINK_MACVLAN : LINK_IPVLAN;
	op->peer.name = link->inside ? link->inside : name->name;
	if (macvlan)
		op->peer.mac = make_mac(b, LINK_MAC_MACVLAN, index);
	if (!link->inside && *name->altname)
		b->plan->ops[b->plan->op_count - 1].text = name->altname;
}

static void add_move(struct builder *b, const struct spec_link *link)
{
	struct op_net *op = add_net(b, OP_LINK_MOVE, PHASE_NETWORK, link->host, "asked for");

	op->peer.name = link->inside;
}

void plan_net_links(struct builder *b)
{
	const struct spec_links *links = &b->spec->links;

	for (size_t i = 0; i < links->other_count; i++) {
		const struct spec_link *link = &links->others[i];

		if (link->kind == SPEC_LINK_VETH)
			add_pair(b, link, count_before(links, i));
		else if (link->kind == SPEC_LINK_MOVE)
			add_move(b, link);
		else
			add_shared(b, link, count_before(links, i));
	}
}
