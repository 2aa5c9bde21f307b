/* SPDX-License-Identifier: MIT */
/* Reading what the kernel tells about nftables. */
#include "nft_dump.h"

#include "attr.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* Sorts the attributes of a message, if it is one of TYPE (NFT_MSG_*). */
static bool sort_message(const struct nlattr **attrs, size_t count, const struct nlmsghdr *message,
			 uint16_t type)
{
	return message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type) &&
	       attr_sort_message(attrs, count, message, sizeof(struct nfgenmsg));
}

/* The comment among the records of user data: type, size, bytes each. "" when there is none. */
static const char *take_comment(const struct nlattr *attr, struct arena *arena)
{
	const uint8_t *record, *end;

	if (!attr)
		return "";
	record = mnl_attr_get_payload(attr);
	end = record + mnl_attr_get_payload_len(attr);
	for (; end - record >= 2 && end - record - 2 >= record[1]; record += 2 + record[1])
		if (record[0] == 0)
			return arena_strndup(arena, (const char *)record + 2, record[1]);
	return "";
}

int nft_table_parse(const struct nlmsghdr *message, struct arena *arena,
		    struct nft_table_info *info)
{
	const struct nlattr *attrs[NFTA_TABLE_USERDATA + 1];
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);

	*info = (struct nft_table_info){.comment = ""};
	if (!sort_message(attrs, NFTA_TABLE_USERDATA + 1, message, NFT_MSG_NEWTABLE))
		return -EBADMSG;
	info->family = header->nfgen_family;
	attr_text(attrs[NFTA_TABLE_NAME], info->name, sizeof(info->name));
	info->flags = attr_be32(attrs[NFTA_TABLE_FLAGS], 0);
	info->use = attr_be32(attrs[NFTA_TABLE_USE], 0);
	info->handle = attr_be64(attrs[NFTA_TABLE_HANDLE], 0);
	info->comment = take_comment(attrs[NFTA_TABLE_USERDATA], arena);
	if (arena_failed(arena))
		return -ENOMEM;
	return info->name[0] ? 0 : -EBADMSG;
}

static void take_hook(const struct nlattr *attr, struct nft_chain_info *info)
{
	const struct nlattr *attrs[NFTA_HOOK_PRIORITY + 1];

	attr_sort_nest(attrs, NFTA_HOOK_PRIORITY + 1, attr);
	info->base = attr != NULL;
	info->hook = attr_be32(attrs[NFTA_HOOK_HOOKNUM], 0);
	info->priority = (int32_t)attr_be32(attrs[NFTA_HOOK_PRIORITY], 0);
}

int nft_chain_parse(const struct nlmsghdr *message, struct nft_chain_info *info)
{
	const struct nlattr *attrs[NFTA_CHAIN_TYPE + 1];
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);

	*info = (struct nft_chain_info){0};
	if (!sort_message(attrs, NFTA_CHAIN_TYPE + 1, message, NFT_MSG_NEWCHAIN))
		return -EBADMSG;
	info->family = header->nfgen_family;
	attr_text(attrs[NFTA_CHAIN_TABLE], info->table, sizeof(info->table));
	attr_text(attrs[NFTA_CHAIN_NAME], info->name, sizeof(info->name));
	attr_text(attrs[NFTA_CHAIN_TYPE], info->type, sizeof(info->type));
	info->handle = attr_be64(attrs[NFTA_CHAIN_HANDLE], 0);
	info->use = attr_be32(attrs[NFTA_CHAIN_USE], 0);
	info->policy = attr_be32(attrs[NFTA_CHAIN_POLICY], 0);
	take_hook(attrs[NFTA_CHAIN_HOOK], info);
	return info->table[0] && info->name[0] ? 0 : -EBADMSG;
}

/* "immediate" with a verdict to drop. */
static bool is_drop(const struct nlattr *data)
{
	const struct nlattr *attrs[NFTA_IMMEDIATE_DATA + 1];
	const struct nlattr *value[NFTA_DATA_VERDICT + 1];
	const struct nlattr *verdict[NFTA_VERDICT_CODE + 1];

	attr_sort_nest(attrs, NFTA_IMMEDIATE_DATA + 1, data);
	attr_sort_nest(value, NFTA_DATA_VERDICT + 1, attrs[NFTA_IMMEDIATE_DATA]);
	attr_sort_nest(verdict, NFTA_VERDICT_CODE + 1, value[NFTA_DATA_VERDICT]);
	return attrs[NFTA_IMMEDIATE_DATA] && value[NFTA_DATA_VERDICT] &&
	       attr_be32(verdict[NFTA_VERDICT_CODE], NF_ACCEPT) == NF_DROP;
}

/* 1: it stops the packet, 0: it lets it go on, -1: it depends on the packet. */
static int judge_expression(const struct nlattr *element)
{
	const struct nlattr *attrs[NFTA_EXPR_DATA + 1];
	char name[16];

	attr_sort_nest(attrs, NFTA_EXPR_DATA + 1, element);
	attr_text(attrs[NFTA_EXPR_NAME], name, sizeof(name));
	if (strcmp(name, "counter") == 0 || strcmp(name, "log") == 0)
		return 0;
	if (strcmp(name, "reject") == 0)
		return 1;
	return strcmp(name, "immediate") == 0 && is_drop(attrs[NFTA_EXPR_DATA]) ? 1 : -1;
}

bool nft_rule_stops_all(const struct nft_rule_info *rule)
{
	const struct nlattr *element = rule->expressions;
	int rest = (int)rule->expressions_size;

	while (element && mnl_attr_ok(element, rest)) {
		int r = judge_expression(element);

		if (r != 0)
			return r > 0;
		rest -= (int)MNL_ALIGN(element->nla_len);
		element = mnl_attr_next(element);
	}
	return false;
}

static int take_expressions(const struct nlattr *attr, struct arena *arena,
			    struct nft_rule_info *info)
{
	void *copy;

	if (!attr)
		return 0;
	info->expressions_size = mnl_attr_get_payload_len(attr);
	copy = arena_alloc(arena, info->expressions_size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, mnl_attr_get_payload(attr), info->expressions_size);
	info->expressions = copy;
	return 0;
}

int nft_rule_parse(const struct nlmsghdr *message, struct arena *arena, struct nft_rule_info *info)
{
	const struct nlattr *attrs[NFTA_RULE_USERDATA + 1];

	*info = (struct nft_rule_info){.comment = ""};
	if (!sort_message(attrs, NFTA_RULE_USERDATA + 1, message, NFT_MSG_NEWRULE))
		return -EBADMSG;
	attr_text(attrs[NFTA_RULE_TABLE], info->table, sizeof(info->table));
	attr_text(attrs[NFTA_RULE_CHAIN], info->chain, sizeof(info->chain));
	info->handle = attr_be64(attrs[NFTA_RULE_HANDLE], 0);
	info->comment = take_comment(attrs[NFTA_RULE_USERDATA], arena);
	if (arena_failed(arena))
		return -ENOMEM;
	if (!info->table[0] || !info->chain[0])
		return -EBADMSG;
	return take_expressions(attrs[NFTA_RULE_EXPRESSIONS], arena, info);
}

int nft_set_parse(const struct nlmsghdr *message, struct nft_set_info *info)
{
	const struct nlattr *attrs[NFTA_SET_HANDLE + 1];

	*info = (struct nft_set_info){0};
	if (!sort_message(attrs, NFTA_SET_HANDLE + 1, message, NFT_MSG_NEWSET))
		return -EBADMSG;
	attr_text(attrs[NFTA_SET_TABLE], info->table, sizeof(info->table));
	attr_text(attrs[NFTA_SET_NAME], info->name, sizeof(info->name));
	info->handle = attr_be64(attrs[NFTA_SET_HANDLE], 0);
	info->flags = attr_be32(attrs[NFTA_SET_FLAGS], 0);
	info->key_type = attr_be32(attrs[NFTA_SET_KEY_TYPE], 0);
	info->key_size = attr_be32(attrs[NFTA_SET_KEY_LEN], 0);
	info->data_type = attr_be32(attrs[NFTA_SET_DATA_TYPE], 0);
	info->data_size = attr_be32(attrs[NFTA_SET_DATA_LEN], 0);
	return info->table[0] && info->name[0] ? 0 : -EBADMSG;
}

/* False: a value longer than any. */
static bool take_value(const struct nlattr *attr, struct nft_value *value)
{
	size_t size;

	*value = (struct nft_value){0};
	if (!attr)
		return true;
	size = mnl_attr_get_payload_len(attr);
	if (size > sizeof(value->bytes))
		return false;
	memcpy(value->bytes, mnl_attr_get_payload(attr), size);
	value->size = size;
	return true;
}

/* A value or verdict in its nest. */
static bool take_data(const struct nlattr *attr, struct nft_value *value,
		      struct nft_element_info *element)
{
	const struct nlattr *attrs[NFTA_DATA_VERDICT + 1], *verdict[NFTA_VERDICT_CHAIN + 1];

	attr_sort_nest(attrs, NFTA_DATA_VERDICT + 1, attr);
	attr_sort_nest(verdict, NFTA_VERDICT_CHAIN + 1, attrs[NFTA_DATA_VERDICT]);
	if (attrs[NFTA_DATA_VERDICT]) {
		element->verdict = (int32_t)attr_be32(verdict[NFTA_VERDICT_CODE], 0);
		attr_text(verdict[NFTA_VERDICT_CHAIN], element->chain, sizeof(element->chain));
	}
	return take_value(attrs[NFTA_DATA_VALUE], value);
}

static bool take_element(const struct nlattr *attr, struct nft_element_info *element)
{
	const struct nlattr *attrs[NFTA_SET_ELEM_KEY_END + 1];

	attr_sort_nest(attrs, NFTA_SET_ELEM_KEY_END + 1, attr);
	element->range_end = attr_be32(attrs[NFTA_SET_ELEM_FLAGS], 0) & NFT_SET_ELEM_INTERVAL_END;
	return take_data(attrs[NFTA_SET_ELEM_KEY], &element->key, element) &&
	       take_data(attrs[NFTA_SET_ELEM_KEY_END], &element->last, element) &&
	       take_data(attrs[NFTA_SET_ELEM_DATA], &element->data, element);
}

int nft_elements_parse(const struct nlmsghdr *message, struct arena *arena,
		       struct nft_element_info **elements, size_t *count)
{
	const struct nlattr *attrs[NFTA_SET_ELEM_LIST_ELEMENTS + 1], *attr;
	struct nft_element_info *element;

	if (!sort_message(attrs, NFTA_SET_ELEM_LIST_ELEMENTS + 1, message, NFT_MSG_NEWSETELEM))
		return -EBADMSG;
	if (!attrs[NFTA_SET_ELEM_LIST_ELEMENTS])
		return 0;
	mnl_attr_for_each_nested(attr, attrs[NFTA_SET_ELEM_LIST_ELEMENTS])
	{
		element = ARENA_APPEND(arena, *elements, *count);
		if (!element)
			return -ENOMEM;
		if (!take_element(attr, element))
			return -EBADMSG;
	}
	return 0;
}
