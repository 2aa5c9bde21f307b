/* SPDX-License-Identifier: MIT */
/* Asking the kernel for what it has of an nftables table. */
#include "nft_dump.h"

#include "list.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* Begins the question TYPE (NFT_MSG_GET*) about what belongs to a table, or with NULL to any. */
static void ask(struct netlink_batch *batch, uint16_t type, uint16_t flags, uint8_t family,
		uint16_t attribute, const char *table)
{
	const struct nfgenmsg header = {.nfgen_family = family, .version = NFNETLINK_V0};

	message_begin(batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &header,
		      sizeof(header));
	if (table)
		message_put_text(batch, attribute, table);
}

static int take_table(struct netlink_list *list, const struct nlmsghdr *message, void *item)
{
	return nft_table_parse(message, list->arena, item);
}

int nft_table_find(struct netlink *netlink, struct arena *arena, uint8_t family, const char *table,
		   struct nft_table_info *info, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct netlink_list found = {
		.arena = arena, .parse = take_table, .size = sizeof(struct nft_table_info)};
	int r;

	ask(&batch, NFT_MSG_GETTABLE, NLM_F_ACK, family, NFTA_TABLE_NAME, table);
	r = netlink_request(netlink, &batch, netlink_collect, &found);
	if (r == 0 && found.count != 1)
		r = -EBADMSG;
	if (r < 0)
		return netlink_fail(netlink, error, r, "cannot find the nftables table %s", table);
	*info = *(struct nft_table_info *)found.items;
	return 0;
}

/* Not every kernel's dump goes by the table that is named: what is listed is looked at again. */
static int of_table(const struct netlink_list *list, const char *table, int r)
{
	return r == 0 && list->filter && strcmp(table, list->filter) != 0 ? 1 : r;
}

static int take_chain(struct netlink_list *list, const struct nlmsghdr *message, void *item)
{
	struct nft_chain_info *chain = item;
	int r = nft_chain_parse(message, chain);

	return of_table(list, chain->table, r);
}

static int take_rule(struct netlink_list *list, const struct nlmsghdr *message, void *item)
{
	struct nft_rule_info *rule = item;
	int r = nft_rule_parse(message, list->arena, rule);

	return of_table(list, rule->table, r);
}

static int take_set(struct netlink_list *list, const struct nlmsghdr *message, void *item)
{
	struct nft_set_info *set = item;
	int r = nft_set_parse(message, set);

	return of_table(list, set->table, r);
}

/* What lists of the parts of a table have in common. */
static int list_parts(struct netlink *netlink, struct netlink_batch *batch,
		      struct netlink_list *list, const char *what, struct floe_error *error)
{
	int r = netlink_list(netlink, batch, list);

	if (r < 0)
		return netlink_fail(netlink, error, r, "cannot list the %s of nftables table %s",
				    what, list->filter ? (const char *)list->filter : "*");
	return 0;
}

int nft_chain_list(struct netlink *netlink, struct arena *arena, uint8_t family, const char *table,
		   struct nft_chain_info **chains, size_t *count, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct netlink_list list = {.arena = arena,
				    .parse = take_chain,
				    .size = sizeof(struct nft_chain_info),
				    .filter = table};
	int r;

	ask(&batch, NFT_MSG_GETCHAIN, NLM_F_DUMP, family, NFTA_CHAIN_TABLE, table);
	r = list_parts(netlink, &batch, &list, "chains", error);
	*chains = list.items;
	*count = list.count;
	return r;
}

int nft_rule_list(struct netlink *netlink, struct arena *arena, uint8_t family, const char *table,
		  const char *chain, struct nft_rule_info **rules, size_t *count,
		  struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct netlink_list list = {.arena = arena,
				    .parse = take_rule,
				    .size = sizeof(struct nft_rule_info),
				    .filter = table};
	int r;

	ask(&batch, NFT_MSG_GETRULE, NLM_F_DUMP, family, NFTA_RULE_TABLE, table);
	if (chain)
		message_put_text(&batch, NFTA_RULE_CHAIN, chain);
	r = list_parts(netlink, &batch, &list, "rules", error);
	*rules = list.items;
	*count = list.count;
	return r;
}

int nft_set_list(struct netlink *netlink, struct arena *arena, uint8_t family, const char *table,
		 struct nft_set_info **sets, size_t *count, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct netlink_list list = {.arena = arena,
				    .parse = take_set,
				    .size = sizeof(struct nft_set_info),
				    .filter = table};
	int r;

	ask(&batch, NFT_MSG_GETSET, NLM_F_DUMP, family, NFTA_SET_TABLE, table);
	r = list_parts(netlink, &batch, &list, "sets", error);
	*sets = list.items;
	*count = list.count;
	return r;
}

struct elements {
	struct arena *arena;
	struct nft_element_info *items;
	size_t count;
};

/* A message has many elements, unlike those of other lists. */
static int take_elements(void *context, const struct nlmsghdr *message)
{
	struct elements *elements = context;

	if (message)
		return nft_elements_parse(message, elements->arena, &elements->items,
					  &elements->count);
	elements->items = NULL;
	elements->count = 0;
	return 0;
}

int nft_element_list(struct netlink *netlink, struct arena *arena, uint8_t family,
		     const char *table, const char *set, struct nft_element_info **elements,
		     size_t *count, struct floe_error *error)
{
	CLEANUP_BATCH struct netlink_batch batch = {0};
	struct elements all = {.arena = arena};
	int r;

	ask(&batch, NFT_MSG_GETSETELEM, NLM_F_DUMP, family, NFTA_SET_ELEM_LIST_TABLE, table);
	message_put_text(&batch, NFTA_SET_ELEM_LIST_SET, set);
	r = netlink_dump(netlink, &batch, take_elements, &all);
	if (r < 0)
		return netlink_fail(netlink, error, r,
				    "cannot list the set %s of nftables table %s", set, table);
	*elements = all.items;
	*count = all.count;
	return 0;
}
