/* SPDX-License-Identifier: MIT */
/* Rules of nftables: the attributes of each expression (linux/netfilter/nf_tables.h). */
#include "nft_rule.h"

/* The attribute lists of an expression. */
struct expression {
	size_t element;
	size_t data;
};

static struct expression begin(struct nft_batch *batch, const char *name)
{
	struct expression expression;

	expression.element = message_nest(&batch->messages, NFTA_LIST_ELEM);
	message_put_text(&batch->messages, NFTA_EXPR_NAME, name);
	expression.data = message_nest(&batch->messages, NFTA_EXPR_DATA);
	return expression;
}

static void end(struct nft_batch *batch, struct expression expression)
{
	message_nest_end(&batch->messages, expression.data);
	message_nest_end(&batch->messages, expression.element);
}

/* An attribute of an expression: a number. */
struct number {
	uint16_t attribute;
	uint32_t value;
};

/* Most expressions are nothing but numbers. */
static void put_numbers(struct nft_batch *batch, const char *name, const struct number *numbers,
			size_t count)
{
	struct expression expression = begin(batch, name);

	for (size_t i = 0; i < count; i++)
		message_put_be32(&batch->messages, numbers[i].attribute, numbers[i].value);
	end(batch, expression);
}

#define PUT_NUMBERS(batch, name, ...)                                                              \
	put_numbers((batch), (name), (const struct number[]){__VA_ARGS__},                         \
		    sizeof((const struct number[]){__VA_ARGS__}) / sizeof(struct number))

static void put_value(struct nft_batch *batch, uint16_t attribute, const void *data, uint32_t size)
{
	size_t nest = message_nest(&batch->messages, attribute);

	message_put(&batch->messages, NFTA_DATA_VALUE, data, size);
	message_nest_end(&batch->messages, nest);
}

void nft_rule_begin(struct nft_batch *batch, const char *chain, const char *comment)
{
	nft_message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
		    "add a rule to the chain %s%s%s", chain, comment ? ": " : "",
		    comment ? comment : "");
	message_put_text(&batch->messages, NFTA_RULE_TABLE, batch->table);
	message_put_text(&batch->messages, NFTA_RULE_CHAIN, chain);
	nft_put_comment(batch, NFTA_RULE_USERDATA, comment);
	batch->rule_nest = message_nest(&batch->messages, NFTA_RULE_EXPRESSIONS);
}

void nft_rule_end(struct nft_batch *batch)
{
	message_nest_end(&batch->messages, batch->rule_nest);
}

void nft_rule_delete(struct nft_batch *batch, const char *chain, uint64_t handle)
{
	nft_message(batch, NFT_MSG_DELRULE, 0, "delete rule %llu of the chain %s",
		    (unsigned long long)handle, chain);
	message_put_text(&batch->messages, NFTA_RULE_TABLE, batch->table);
	message_put_text(&batch->messages, NFTA_RULE_CHAIN, chain);
	message_put_be64(&batch->messages, NFTA_RULE_HANDLE, handle);
}

void nft_load_meta(struct nft_batch *batch, uint32_t key, uint32_t reg)
{
	PUT_NUMBERS(batch, "meta", {NFTA_META_DREG, reg}, {NFTA_META_KEY, key});
}

void nft_set_meta(struct nft_batch *batch, uint32_t key, uint32_t reg)
{
	PUT_NUMBERS(batch, "meta", {NFTA_META_KEY, key}, {NFTA_META_SREG, reg});
}

void nft_load_payload(struct nft_batch *batch, uint32_t base, uint32_t offset, uint32_t size,
		      uint32_t reg)
{
	PUT_NUMBERS(batch, "payload", {NFTA_PAYLOAD_DREG, reg}, {NFTA_PAYLOAD_BASE, base},
		    {NFTA_PAYLOAD_OFFSET, offset}, {NFTA_PAYLOAD_LEN, size});
}

void nft_load_ct(struct nft_batch *batch, uint32_t key, uint32_t reg)
{
	PUT_NUMBERS(batch, "ct", {NFTA_CT_DREG, reg}, {NFTA_CT_KEY, key});
}

void nft_set_ct(struct nft_batch *batch, uint32_t key, uint32_t reg)
{
	PUT_NUMBERS(batch, "ct", {NFTA_CT_KEY, key}, {NFTA_CT_SREG, reg});
}

void nft_load_fib(struct nft_batch *batch, uint32_t result, uint32_t flags, uint32_t reg)
{
	PUT_NUMBERS(batch, "fib", {NFTA_FIB_FLAGS, flags}, {NFTA_FIB_RESULT, result},
		    {NFTA_FIB_DREG, reg});
}

void nft_load(struct nft_batch *batch, uint32_t reg, const void *data, uint32_t size)
{
	struct expression expression = begin(batch, "immediate");

	message_put_be32(&batch->messages, NFTA_IMMEDIATE_DREG, reg);
	put_value(batch, NFTA_IMMEDIATE_DATA, data, size);
	end(batch, expression);
}

void nft_mask(struct nft_batch *batch, uint32_t reg, const void *mask, uint32_t size)
{
	static const uint8_t zero[16];
	struct expression expression = begin(batch, "bitwise");

	/* reg = (reg & mask) ^ xor */
	message_put_be32(&batch->messages, NFTA_BITWISE_SREG, reg);
	message_put_be32(&batch->messages, NFTA_BITWISE_DREG, reg);
	message_put_be32(&batch->messages, NFTA_BITWISE_LEN, size);
	put_value(batch, NFTA_BITWISE_MASK, mask, size);
	put_value(batch, NFTA_BITWISE_XOR, zero, size);
	end(batch, expression);
}

void nft_compare(struct nft_batch *batch, uint32_t reg, uint32_t operation, const void *data,
		 uint32_t size)
{
	struct expression expression = begin(batch, "cmp");

	message_put_be32(&batch->messages, NFTA_CMP_SREG, reg);
	message_put_be32(&batch->messages, NFTA_CMP_OP, operation);
	put_value(batch, NFTA_CMP_DATA, data, size);
	end(batch, expression);
}

void nft_lookup(struct nft_batch *batch, const char *set, uint32_t reg, bool invert)
{
	struct expression expression = begin(batch, "lookup");

	message_put_text(&batch->messages, NFTA_LOOKUP_SET, set);
	message_put_be32(&batch->messages, NFTA_LOOKUP_SREG, reg);
	if (invert)
		message_put_be32(&batch->messages, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	end(batch, expression);
}

void nft_lookup_map(struct nft_batch *batch, const char *map, uint32_t reg, uint32_t to)
{
	struct expression expression = begin(batch, "lookup");

	message_put_text(&batch->messages, NFTA_LOOKUP_SET, map);
	message_put_be32(&batch->messages, NFTA_LOOKUP_SREG, reg);
	message_put_be32(&batch->messages, NFTA_LOOKUP_DREG, to);
	end(batch, expression);
}

void nft_verdict(struct nft_batch *batch, int32_t code, const char *chain)
{
	struct expression expression = begin(batch, "immediate");
	size_t data, verdict;

	message_put_be32(&batch->messages, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = message_nest(&batch->messages, NFTA_IMMEDIATE_DATA);
	verdict = message_nest(&batch->messages, NFTA_DATA_VERDICT);
	message_put_be32(&batch->messages, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain)
		message_put_text(&batch->messages, NFTA_VERDICT_CHAIN, chain);
	message_nest_end(&batch->messages, verdict);
	message_nest_end(&batch->messages, data);
	end(batch, expression);
}

void nft_nat(struct nft_batch *batch, uint32_t type, uint32_t family, uint32_t address_reg,
	     uint32_t port_reg)
{
	struct expression expression = begin(batch, "nat");

	message_put_be32(&batch->messages, NFTA_NAT_TYPE, type);
	message_put_be32(&batch->messages, NFTA_NAT_FAMILY, family);
	if (address_reg)
		message_put_be32(&batch->messages, NFTA_NAT_REG_ADDR_MIN, address_reg);
	if (port_reg)
		message_put_be32(&batch->messages, NFTA_NAT_REG_PROTO_MIN, port_reg);
	end(batch, expression);
}

void nft_masquerade(struct nft_batch *batch)
{
	put_numbers(batch, "masq", NULL, 0);
}

void nft_notrack(struct nft_batch *batch)
{
	put_numbers(batch, "notrack", NULL, 0);
}

void nft_limit_over(struct nft_batch *batch, uint64_t bytes, uint32_t burst)
{
	struct expression expression = begin(batch, "limit");

	message_put_be64(&batch->messages, NFTA_LIMIT_RATE, bytes);
	message_put_be64(&batch->messages, NFTA_LIMIT_UNIT, 1);
	message_put_be32(&batch->messages, NFTA_LIMIT_BURST, burst);
	message_put_be32(&batch->messages, NFTA_LIMIT_TYPE, NFT_LIMIT_PKT_BYTES);
	message_put_be32(&batch->messages, NFTA_LIMIT_FLAGS, NFT_LIMIT_F_INV);
	end(batch, expression);
}

void nft_counter(struct nft_batch *batch)
{
	put_numbers(batch, "counter", NULL, 0);
}
