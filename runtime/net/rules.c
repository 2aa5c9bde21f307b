/* SPDX-License-Identifier: MIT */
/* What one machine adds to the nftables table. */
#include "rules.h"

#include "../../netlink/nft_dump.h"
#include "../base/cleanup.h"
#include "rules_parts.h"

#include <errno.h>
#include <string.h>

/* What is let through at once before a rate counts: a tenth of a second, or a handful of packets. */
#define BURST_MIN  32768
#define BURST_PART 10

/* Adding or taking away, of a set's elements. */
typedef void (*change_function)(struct nft_batch *batch, const struct nft_set *set,
				const struct nft_element *elements, size_t count);

static void change_link(struct nft_batch *batch, change_function change, const struct nft_set *set,
			const struct net_member *member)
{
	struct nft_element element = {0};

	nft_value_add_link(&element.key, member->link);
	change(batch, set, &element, 1);
}

/*
 * Between ports of a bridge the link that a packet came from is not told (br_nf_post_routing()): who
 * is in the zone's network is known by its address.
 */
static void put_back(struct nft_batch *batch, const struct net_member *member)
{
	struct nft_element element = {.verdict = NFT_JUMP, .chain = member->link};

	nft_chain_add(batch, member->link, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(member->gateway); i++) {
		if (!member->gateway[i].family)
			continue;
		nft_rule_begin(batch, member->link, "back to the zone, by a published port");
		nft_match_address(batch, NFT_SOURCE, &member->gateway[i], member->prefix[i], true);
		rules_match_published(batch);
		nft_masquerade(batch);
		nft_rule_end(batch);
	}
	nft_value_add_link(&element.key, member->link);
	nft_elements_add(batch, &rules_back, &element, 1);
}

static void take_back(struct nft_batch *batch, const struct net_member *member)
{
	struct nft_element element = {.verdict = NFT_JUMP, .chain = member->link};

	nft_value_add_link(&element.key, member->link);
	nft_elements_delete(batch, &rules_back, &element, 1);
	nft_chain_delete(batch, member->link);
}

static void change_hairpin(struct nft_batch *batch, change_function change,
			   const struct net_member *member)
{
	struct nft_element element = {0};

	nft_value_add_link(&element.key, member->link);
	nft_value_add_link(&element.key, member->link);
	change(batch, &rules_hairpin, &element, 1);
}

/* What members of one link have together: only the first adds it, and the last takes it away. */
static void change_shared(struct nft_batch *batch, change_function change,
			  const struct net_member *member)
{
	change_link(batch, change, &rules_links, member);
	if (!*member->zone)
		change_hairpin(batch, change, member);
	if (member->masquerade)
		change_link(batch, change, &rules_masquerade, member);
}

static void change_dns(struct nft_batch *batch, change_function change,
		       const struct net_member *member, size_t family)
{
	struct nft_element element = {0};

	if (!member->dns[family])
		return;
	nft_value_add_link(&element.key, member->link);
	nft_value_add_mac(&element.key, member->mac);
	nft_value_add_ip(&element.key, &member->gateway[family]);
	nft_value_add_ip(&element.data, &member->gateway[family]);
	nft_value_add_service(&element.data, member->dns[family]);
	change(batch, &rules_dns[family], &element, 1);
}

/* Ports OFFSET and up to COUNT more of a range, to a machine's address. */
static void fill_ports(struct nft_element *elements, size_t count, const struct spec_port *port,
		       size_t offset, const struct ip *address)
{
	for (size_t i = 0; i < count; i++) {
		struct nft_element *element = &elements[i];

		*element = (struct nft_element){0};
		if (port->address.family)
			nft_value_add_ip(&element->key, &port->address);
		nft_value_add_protocol(&element->key, port->protocol);
		nft_value_add_service(&element->key, (uint16_t)(port->host + offset + i));
		nft_value_add_ip(&element->data, address);
		nft_value_add_service(&element->data, (uint16_t)(port->machine + offset + i));
	}
}

static void change_port(struct nft_batch *batch, change_function change,
			const struct spec_port *port, const struct ip *address)
{
	size_t family = family_index(address->family);
	const struct nft_set *set =
		port->address.family ? &rules_ports_at[family] : &rules_ports[family];
	size_t total = (size_t)port->last - port->host + 1;
	struct nft_element elements[64];

	for (size_t done = 0, count; done < total; done += count) {
		count = total - done < ARRAY_SIZE(elements) ? total - done : ARRAY_SIZE(elements);
		fill_ports(elements, count, port, done, address);
		change(batch, set, elements, count);
	}
}

static void change_ports(struct nft_batch *batch, change_function change,
			 const struct net_member *member)
{
	for (size_t i = 0; i < member->port_count; i++) {
		const struct spec_port *port = &member->ports[i];

		for (size_t family = 0; family < 2; family++) {
			const struct ip *address = &member->address[family];

			if (address->family &&
			    (!port->address.family || port->address.family == address->family))
				change_port(batch, change, port, address);
		}
	}
}

/* ---- the chain of a machine that is isolated or slowed down ---- */

static bool has_chain(const struct net_member *member)
{
	return *member->link && (member->isolate || member->rate);
}

static void change_chain_link(struct nft_batch *batch, change_function change,
			      const struct net_member *member)
{
	struct nft_element element = {.verdict = NFT_JUMP, .chain = member->link};

	nft_value_add_link(&element.key, member->link);
	change(batch, &rules_from, &element, 1);
}

/* Packets that are not from MEMBER's Ethernet address. */
static void put_foreign_mac(struct nft_batch *batch, const struct net_member *member)
{
	nft_rule_begin(batch, member->link, "not its Ethernet address");
	nft_load_mac(batch, NFT_SOURCE, NFT_REG_1);
	nft_compare(batch, NFT_REG_1, NFT_CMP_NEQ, member->mac, sizeof(member->mac));
	nft_verdict(batch, NF_DROP, NULL);
	nft_rule_end(batch);
}

static void put_foreign_source(struct nft_batch *batch, const struct net_member *member,
			       const struct ip *source)
{
	nft_rule_begin(batch, member->link, "the host's address");
	nft_match_address(batch, NFT_SOURCE, source, ip_bits(source->family), true);
	nft_verdict(batch, NF_DROP, NULL);
	nft_rule_end(batch);
}

/* A family that floe does not know the machine's addresses of is not looked at. */
static void put_family(struct nft_batch *batch, const struct net_member *member, uint8_t family)
{
	nft_rule_begin(batch, member->link, NULL);
	nft_match_family(batch, family);
	nft_verdict(batch, NFT_RETURN, NULL);
	nft_rule_end(batch);
}

/* Lets a source go on to the next rules; what none of these takes is dropped. */
static void put_source(struct nft_batch *batch, const struct net_member *member,
		       const struct ip *source, unsigned int prefix)
{
	nft_rule_begin(batch, member->link, NULL);
	nft_match_address(batch, NFT_SOURCE, source, prefix, true);
	nft_verdict(batch, NFT_RETURN, NULL);
	nft_rule_end(batch);
}

/* Its address, and with IPv6 those that it makes itself out of its network's prefix (RFC 4862),
 * link-local ones, and none at all while it looks whether one is free (RFC 4862 section 5.4). */
static void put_sources(struct nft_batch *batch, const struct net_member *member)
{
	const struct ip link_local = {.family = AF_INET6, .bytes = {0xfe, 0x80}};
	const struct ip none = {.family = AF_INET6};

	put_foreign_mac(batch, member);
	for (size_t i = 0; i < ARRAY_SIZE(member->gateway); i++)
		if (member->gateway[i].family)
			put_foreign_source(batch, member, &member->gateway[i]);
	if (member->address[0].family)
		put_source(batch, member, &member->address[0], 32);
	else
		put_family(batch, member, NFPROTO_IPV4);
	if (member->address[1].family)
		put_source(batch, member, &member->address[1], member->prefix[1]);
	else
		put_family(batch, member, NFPROTO_IPV6);
	put_source(batch, member, &link_local, 10);
	put_source(batch, member, &none, 128);
	nft_rule_begin(batch, member->link, "not its address");
	nft_verdict(batch, NF_DROP, NULL);
	nft_rule_end(batch);
}

static void put_rate(struct nft_batch *batch, const struct net_member *member)
{
	uint64_t bytes = member->rate / 8, burst = bytes / BURST_PART;

	if (burst < BURST_MIN)
		burst = BURST_MIN;
	if (burst > UINT32_MAX)
		burst = UINT32_MAX;
	nft_rule_begin(batch, member->link, "faster than it may be");
	nft_limit_over(batch, bytes, (uint32_t)burst);
	nft_verdict(batch, NF_DROP, NULL);
	nft_rule_end(batch);
}

static void put_chain(struct nft_batch *batch, const struct net_member *member)
{
	nft_chain_add(batch, member->link, NULL);
	if (member->rate)
		put_rate(batch, member);
	if (member->isolate)
		put_sources(batch, member);
	change_chain_link(batch, nft_elements_add, member);
	if (member->isolate)
		change_link(batch, nft_elements_add, &rules_isolated, member);
}

static void delete_chain(struct nft_batch *batch, const struct net_member *member)
{
	if (member->isolate)
		change_link(batch, nft_elements_delete, &rules_isolated, member);
	change_chain_link(batch, nft_elements_delete, member);
	nft_chain_delete(batch, member->link);
}

/* ---- whole machines ---- */

static void put_member(struct nft_batch *batch, const struct net_member *member, bool shared)
{
	change_ports(batch, nft_elements_add, member);
	if (!*member->link)
		return;
	change_shared(batch, nft_elements_add, member);
	if (*member->zone && !shared)
		put_back(batch, member);
	change_dns(batch, nft_elements_add, member, 0);
	change_dns(batch, nft_elements_add, member, 1);
	if (has_chain(member))
		put_chain(batch, member);
}

enum presence {
	ABSENT,
	FOREIGN, /* of another version, or made by somebody else */
	WHOLE,   /* as we make it */
};

/* An enum presence, or a negative errno. */
static int look(struct netlink *netlink, struct floe_error *error)
{
	struct arena arena = {0};
	struct nft_table_info info;
	int r = nft_table_find(netlink, &arena, NFPROTO_INET, RULES_TABLE, &info, NULL);

	if (r == 0)
		r = strcmp(info.comment, RULES_COMMENT) == 0 ? WHOLE : FOREIGN;
	else if (r == -ENOENT)
		r = ABSENT;
	else
		netlink_fail(netlink, error, r, "cannot look for the nftables table " RULES_TABLE);
	arena_free(&arena);
	return r;
}

/* Whether a member before the one at INDEX has its link. */
static bool is_shared_before(const struct net_table *table, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(table->members[i].link, table->members[index].link) == 0)
			return true;
	return false;
}

static int make_anew(struct netlink *netlink, const struct net_table *table, bool replace,
		     struct floe_error *error)
{
	CLEANUP_NFT struct nft_batch batch = {0};

	nft_begin(&batch, NFPROTO_INET, RULES_TABLE);
	rules_put_base(&batch, replace);
	for (size_t i = 0; i < table->count; i++)
		put_member(&batch, &table->members[i], is_shared_before(table, i));
	return nft_commit(netlink, &batch, error);
}

int rules_add(struct netlink *netlink, const struct net_table *table,
	      const struct net_member *member, struct floe_error *error)
{
	CLEANUP_NFT struct nft_batch batch = {0};
	int presence = look(netlink, error);

	if (presence < 0)
		return presence;
	if (presence != WHOLE)
		return make_anew(netlink, table, presence == FOREIGN, error);
	nft_begin(&batch, NFPROTO_INET, RULES_TABLE);
	put_member(&batch, member, net_table_shares_link(table, member));
	return nft_commit(netlink, &batch, error);
}

int rules_change(struct netlink *netlink, const struct net_table *table,
		 const struct net_member *before, const struct net_member *after,
		 struct floe_error *error)
{
	CLEANUP_NFT struct nft_batch batch = {0};
	int presence = look(netlink, error);

	if (presence < 0)
		return presence;
	if (presence != WHOLE)
		return make_anew(netlink, table, presence == FOREIGN, error);
	nft_begin(&batch, NFPROTO_INET, RULES_TABLE);
	change_ports(&batch, nft_elements_delete, before);
	change_ports(&batch, nft_elements_add, after);
	return nft_commit(netlink, &batch, error);
}

static void take_member(struct nft_batch *batch, const struct net_member *member, bool shared)
{
	change_ports(batch, nft_elements_delete, member);
	if (!*member->link)
		return;
	if (!shared)
		change_shared(batch, nft_elements_delete, member);
	if (*member->zone && !shared)
		take_back(batch, member);
	change_dns(batch, nft_elements_delete, member, 0);
	change_dns(batch, nft_elements_delete, member, 1);
	if (has_chain(member))
		delete_chain(batch, member);
}

int rules_remove(struct netlink *netlink, const struct net_table *table,
		 const struct net_member *member, struct floe_error *error)
{
	CLEANUP_NFT struct nft_batch batch = {0};
	int r = look(netlink, error);

	if (r != WHOLE)
		return r < 0 ? r : 0;
	nft_begin(&batch, NFPROTO_INET, RULES_TABLE);
	take_member(&batch, member, net_table_shares_link(table, member));
	r = nft_commit(netlink, &batch, NULL);
	/* Somebody took a part of it out: what is left of it goes with the table. */
	if (r == -ENOENT)
		return make_anew(netlink, table, true, error);
	return r < 0 ? netlink_fail(netlink, error, r,
				    "cannot take what %s uses out of the nftables table",
				    member->machine)
		     : 0;
}

int rules_delete(struct netlink *netlink, struct floe_error *error)
{
	CLEANUP_NFT struct nft_batch batch = {0};
	int r;

	nft_begin(&batch, NFPROTO_INET, RULES_TABLE);
	nft_table_delete(&batch);
	r = nft_commit(netlink, &batch, NULL);
	if (r == 0 || r == -ENOENT)
		return 0;
	return netlink_fail(netlink, error, r, "cannot delete the nftables table " RULES_TABLE);
}
