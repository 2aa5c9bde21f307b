/* SPDX-License-Identifier: MIT */
/* Whatever arrives as netlink messages, what is taken from it stays within its limits. */
#include "../../netlink/ack.h"
#include "../../netlink/addr.h"
#include "../../netlink/link.h"
#include "../../netlink/nft_dump.h"
#include "../../netlink/route.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_link(const struct nlmsghdr *message, struct arena *arena)
{
	struct link_info link;

	if (link_parse(message, arena, &link) < 0)
		return;
	require(link.index > 0);
	require(strnlen(link.name, sizeof(link.name)) < sizeof(link.name));
	require(strnlen(link.kind, sizeof(link.kind)) < sizeof(link.kind));
	for (size_t i = 0; i < link.altname_count; i++)
		require(strlen(link.altnames[i]) < 128);
}

static void check_addresses(const struct nlmsghdr *message)
{
	struct route route;
	struct addr addr;

	if (addr_parse(message, &addr) == 0) {
		require(addr.local.family == AF_INET || addr.local.family == AF_INET6);
		require(addr.prefix <= ip_bits(addr.local.family));
		require(!addr.peer.family || addr.peer.family == addr.local.family);
	}
	if (route_parse(message, &route) == 0)
		require(route.prefix <= ip_bits(route.family));
}

static void check_nft(const struct nlmsghdr *message, struct arena *arena)
{
	struct nft_element_info *elements = NULL;
	struct nft_table_info table;
	struct nft_chain_info chain;
	struct nft_rule_info rule;
	struct nft_set_info set;
	size_t count = 0;

	if (nft_table_parse(message, arena, &table) == 0)
		require(table.name[0] && strlen(table.comment) <= UINT8_MAX);
	if (nft_chain_parse(message, &chain) == 0)
		require(chain.table[0] && chain.name[0]);
	if (nft_rule_parse(message, arena, &rule) == 0)
		require(rule.expressions_size < message->nlmsg_len);
	if (nft_set_parse(message, &set) == 0)
		require(set.table[0] && set.name[0]);
	nft_elements_parse(message, arena, &elements, &count);
	for (size_t i = 0; i < count; i++)
		require(elements[i].key.size <= NFT_VALUE_SIZE &&
			elements[i].last.size <= NFT_VALUE_SIZE &&
			elements[i].data.size <= NFT_VALUE_SIZE);
}

static void check_message(const struct nlmsghdr *message, struct arena *arena)
{
	char text[32];
	int r = ack_parse(message, text, sizeof(text));

	require(r <= 0 && r >= -4095 && strnlen(text, sizeof(text)) < sizeof(text));
	check_link(message, arena);
	check_addresses(message);
	check_nft(message, arena);
}

/* As netlink/socket.c walks what it received. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	struct arena arena = {0};
	size_t at = 0;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	while (size - at >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *message = (const void *)(copy + at);

		if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > size - at)
			break;
		check_message(message, &arena);
		if (NLMSG_ALIGN(message->nlmsg_len) >= size - at)
			break;
		at += NLMSG_ALIGN(message->nlmsg_len);
	}
	arena_free(&arena);
	free(copy);
	return 0;
}
