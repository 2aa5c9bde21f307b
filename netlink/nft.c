/* SPDX-License-Identifier: MIT */
/* Changes of one nftables table, all done or none. */
#include "nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define MESSAGE_TYPE(type) ((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (type)))

/* Type of the first comment record in user data (libnftnl's udata.h, nft's own convention). */
#define UDATA_COMMENT 0

static void put_bound(struct nft_batch *batch, uint16_t type)
{
	const struct nfgenmsg header = {.nfgen_family = AF_UNSPEC,
					.version = NFNETLINK_V0,
					.res_id = htons(NFNL_SUBSYS_NFTABLES)};

	message_begin(&batch->messages, type, 0, &header, sizeof(header));
}

void nft_begin(struct nft_batch *batch, uint8_t family, const char *table)
{
	*batch = (struct nft_batch){.family = family};
	batch->table = arena_strdup(&batch->memory, table);
	put_bound(batch, NFNL_MSG_BATCH_BEGIN);
}

void nft_free(struct nft_batch *batch)
{
	batch_free(&batch->messages);
	arena_free(&batch->memory);
}

/* The act that failed; the first message is the beginning of the transaction. */
static const char *failed_act(const struct netlink *netlink, const struct nft_batch *batch)
{
	if (netlink->failed == 0 || netlink->failed > batch->act_count)
		return "change it";
	return batch->acts[netlink->failed - 1];
}

int nft_commit(struct netlink *netlink, struct nft_batch *batch, struct floe_error *error)
{
	int r;

	if (arena_failed(&batch->memory))
		batch->messages.failed = -ENOMEM;
	/* Nothing to do: the kernel would not even answer. */
	if (batch->act_count == 0 && !batch->messages.failed)
		return 0;
	/* One answer is enough, to the last that does something: failures are told in any case, and
	 * the end itself is only answered by Linux 6.10. */
	message_ask_ack(&batch->messages);
	put_bound(batch, NFNL_MSG_BATCH_END);
	r = netlink_request(netlink, &batch->messages, NULL, NULL);
	if (r < 0)
		return netlink_fail(netlink, error, r, "nftables table %s: cannot %s", batch->table,
				    failed_act(netlink, batch));
	return 0;
}

void nft_message(struct nft_batch *batch, uint16_t type, uint16_t flags, const char *format, ...)
{
	const struct nfgenmsg header = {.nfgen_family = batch->family, .version = NFNETLINK_V0};
	const char **act = ARENA_APPEND(&batch->memory, batch->acts, batch->act_count);
	va_list arguments;

	va_start(arguments, format);
	if (act)
		*act = arena_vprintf(&batch->memory, format, arguments);
	va_end(arguments);
	message_begin(&batch->messages, MESSAGE_TYPE(type), flags, &header, sizeof(header));
}

void nft_put_comment(struct nft_batch *batch, uint16_t attribute, const char *comment)
{
	struct {
		uint8_t type;
		uint8_t size;
		char text[NFT_COMMENT_MAX + 1];
	} record = {.type = UDATA_COMMENT};
	size_t length;

	if (!comment)
		return;
	length = strnlen(comment, NFT_COMMENT_MAX);
	record.size = (uint8_t)(length + 1);
	memcpy(record.text, comment, length);
	message_put(&batch->messages, attribute, &record, 2 + record.size);
}

void nft_table_add(struct nft_batch *batch, const char *comment)
{
	nft_message(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE, "make it");
	message_put_text(&batch->messages, NFTA_TABLE_NAME, batch->table);
	nft_put_comment(batch, NFTA_TABLE_USERDATA, comment);
}

void nft_table_delete(struct nft_batch *batch)
{
	nft_message(batch, NFT_MSG_DELTABLE, 0, "delete it");
	message_put_text(&batch->messages, NFTA_TABLE_NAME, batch->table);
}

void nft_table_replace(struct nft_batch *batch, const char *comment)
{
	/* Deleting what is not there fails, except since Linux 6.3: so it is made before. */
	nft_table_add(batch, NULL);
	nft_table_delete(batch);
	nft_table_add(batch, comment);
}

static void put_hook(struct netlink_batch *messages, const struct nft_hook *hook)
{
	size_t nest = message_nest(messages, NFTA_CHAIN_HOOK);

	message_put_be32(messages, NFTA_HOOK_HOOKNUM, hook->number);
	message_put_be32(messages, NFTA_HOOK_PRIORITY, (uint32_t)hook->priority);
	message_nest_end(messages, nest);
	message_put_be32(messages, NFTA_CHAIN_POLICY, hook->policy);
	message_put_text(messages, NFTA_CHAIN_TYPE, hook->type);
}

void nft_chain_add(struct nft_batch *batch, const char *name, const struct nft_hook *hook)
{
	nft_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE, "add the chain %s", name);
	message_put_text(&batch->messages, NFTA_CHAIN_TABLE, batch->table);
	message_put_text(&batch->messages, NFTA_CHAIN_NAME, name);
	if (hook)
		put_hook(&batch->messages, hook);
}

void nft_chain_flush(struct nft_batch *batch, const char *name)
{
	/* A deletion that names no rule means all. */
	nft_message(batch, NFT_MSG_DELRULE, 0, "flush the chain %s", name);
	message_put_text(&batch->messages, NFTA_RULE_TABLE, batch->table);
	message_put_text(&batch->messages, NFTA_RULE_CHAIN, name);
}

void nft_chain_delete(struct nft_batch *batch, const char *name)
{
	nft_message(batch, NFT_MSG_DELCHAIN, 0, "delete the chain %s", name);
	message_put_text(&batch->messages, NFTA_CHAIN_TABLE, batch->table);
	message_put_text(&batch->messages, NFTA_CHAIN_NAME, name);
}
