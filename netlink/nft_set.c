/* SPDX-License-Identifier: MIT */
/* Sets and maps of nftables, and what is in them. */
#include "nft_set.h"

#include <string.h>

/* Elements in one message: their attribute takes 64 KiB, an element some 250 bytes at most. */
#define ELEMENTS_MAX 200

#define ALIGN4(size) (((size) + 3) & ~(size_t)3)

/* Bits of a type's number in that of a concatenation (nft(8), TYPE_BITS). */
#define TYPE_BITS 6

/* nft(8) finds the words for a value by these numbers (its enum datatypes), and its bytes by their
 * order (its enum byteorder). */
enum byte_order {
	HOST_ORDER = 1,
	BIG_ENDIAN_ORDER = 2,
};

static const struct {
	uint32_t number;
	uint32_t size;
	enum byte_order order;
} types[] = {
	[NFT_TYPE_IPV4] = {7, 4, BIG_ENDIAN_ORDER},
	[NFT_TYPE_IPV6] = {8, 16, BIG_ENDIAN_ORDER},
	[NFT_TYPE_MAC] = {9, 6, BIG_ENDIAN_ORDER},
	[NFT_TYPE_PROTOCOL] = {12, 1, BIG_ENDIAN_ORDER},
	[NFT_TYPE_SERVICE] = {13, 2, BIG_ENDIAN_ORDER},
	[NFT_TYPE_MARK] = {19, 4, HOST_ORDER},
	[NFT_TYPE_LINK] = {41, 16, HOST_ORDER},
	[NFT_TYPE_VERDICT] = {NFT_DATA_VERDICT, 0, HOST_ORDER},
};

static size_t count_fields(const enum nft_type *fields)
{
	size_t count = 0;

	while (count < NFT_FIELDS_MAX && fields[count] != NFT_TYPE_NONE)
		count++;
	return count;
}

static uint32_t type_number(const enum nft_type *fields)
{
	uint32_t number = 0;

	for (size_t i = 0; i < count_fields(fields); i++)
		number = number << TYPE_BITS | types[fields[i]].number;
	return number;
}

/* Fields of a concatenation begin at multiples of four bytes; a lone one has its own size. */
static size_t padded(const enum nft_type *fields, size_t size)
{
	return count_fields(fields) > 1 ? ALIGN4(size) : size;
}

static size_t type_size(const enum nft_type *fields)
{
	size_t size = 0;

	for (size_t i = 0; i < count_fields(fields); i++)
		size += padded(fields, types[fields[i]].size);
	return size;
}

static void add_field(struct nft_value *value, const void *data, size_t size)
{
	size_t start = ALIGN4(value->size);

	value->size = start + size;
	if (value->size <= sizeof(value->bytes))
		memcpy(value->bytes + start, data, size);
}

void nft_value_add_ip(struct nft_value *value, const struct ip *ip)
{
	add_field(value, ip->bytes, ip_size(ip->family));
}

void nft_value_add_mac(struct nft_value *value, const uint8_t mac[static 6])
{
	add_field(value, mac, 6);
}

void nft_value_add_protocol(struct nft_value *value, uint8_t protocol)
{
	add_field(value, &protocol, sizeof(protocol));
}

void nft_value_add_service(struct nft_value *value, uint16_t port)
{
	uint16_t big = htons(port);

	add_field(value, &big, sizeof(big));
}

void nft_value_add_mark(struct nft_value *value, uint32_t mark)
{
	add_field(value, &mark, sizeof(mark));
}

void nft_value_add_link(struct nft_value *value, const char *name)
{
	char bytes[16] = "";

	memcpy(bytes, name, strnlen(name, sizeof(bytes) - 1));
	add_field(value, bytes, sizeof(bytes));
}

/* Of a lone field; concatenations are listed as big-endian. */
static uint32_t byte_order(const enum nft_type *fields)
{
	return count_fields(fields) == 1 ? types[fields[0]].order : BIG_ENDIAN_ORDER;
}

/* For nft(8) only: records of type, size and value in the set's user data (libnftnl's udata.h). */
static void put_byte_orders(struct netlink_batch *messages, const struct nft_set *set)
{
	struct {
		uint8_t type;
		uint8_t size;
		uint8_t value[4];
	} records[2] = {{0, 4, {0}}, {1, 4, {0}}};
	const uint32_t key = byte_order(set->key), data = byte_order(set->data);
	bool map = set->data[0] != NFT_TYPE_NONE && set->data[0] != NFT_TYPE_VERDICT;

	memcpy(records[0].value, &key, sizeof(key));
	memcpy(records[1].value, &data, sizeof(data));
	message_put(messages, NFTA_SET_USERDATA, records,
		    map ? sizeof(records) : sizeof(records[0]));
}

/* Ranges of concatenations are looked up field by field: the kernel must know where each ends. */
static void put_fields(struct netlink_batch *messages, const enum nft_type *fields)
{
	size_t description = message_nest(messages, NFTA_SET_DESC);
	size_t list = message_nest(messages, NFTA_SET_DESC_CONCAT), field;

	for (size_t i = 0; i < count_fields(fields); i++) {
		field = message_nest(messages, NFTA_LIST_ELEM);
		message_put_be32(messages, NFTA_SET_FIELD_LEN, types[fields[i]].size);
		message_nest_end(messages, field);
	}
	message_nest_end(messages, list);
	message_nest_end(messages, description);
}

static bool has_ranges_of_fields(const struct nft_set *set)
{
	return set->interval && count_fields(set->key) > 1;
}

static uint32_t set_flags(const struct nft_set *set)
{
	return (set->data[0] != NFT_TYPE_NONE ? NFT_SET_MAP : 0) |
	       (set->interval ? NFT_SET_INTERVAL : 0) |
	       (has_ranges_of_fields(set) ? NFT_SET_CONCAT : 0);
}

void nft_set_add(struct nft_batch *batch, const struct nft_set *set)
{
	struct netlink_batch *messages = &batch->messages;

	nft_message(batch, NFT_MSG_NEWSET, NLM_F_CREATE, "add the set %s", set->name);
	message_put_text(messages, NFTA_SET_TABLE, batch->table);
	message_put_text(messages, NFTA_SET_NAME, set->name);
	message_put_be32(messages, NFTA_SET_ID, ++batch->set_id);
	message_put_be32(messages, NFTA_SET_FLAGS, set_flags(set));
	message_put_be32(messages, NFTA_SET_KEY_TYPE, type_number(set->key));
	message_put_be32(messages, NFTA_SET_KEY_LEN, (uint32_t)type_size(set->key));
	if (set->data[0] != NFT_TYPE_NONE)
		message_put_be32(messages, NFTA_SET_DATA_TYPE, type_number(set->data));
	if (set->data[0] != NFT_TYPE_NONE && set->data[0] != NFT_TYPE_VERDICT)
		message_put_be32(messages, NFTA_SET_DATA_LEN, (uint32_t)type_size(set->data));
	if (has_ranges_of_fields(set))
		put_fields(messages, set->key);
	put_byte_orders(messages, set);
}

void nft_set_delete(struct nft_batch *batch, const char *name)
{
	nft_message(batch, NFT_MSG_DELSET, 0, "delete the set %s", name);
	message_put_text(&batch->messages, NFTA_SET_TABLE, batch->table);
	message_put_text(&batch->messages, NFTA_SET_NAME, name);
}

void nft_set_flush(struct nft_batch *batch, const char *name)
{
	nft_message(batch, NFT_MSG_DELSETELEM, 0, "empty the set %s", name);
	message_put_text(&batch->messages, NFTA_SET_ELEM_LIST_TABLE, batch->table);
	message_put_text(&batch->messages, NFTA_SET_ELEM_LIST_SET, name);
}

static void put_value(struct netlink_batch *messages, uint16_t attribute,
		      const enum nft_type *fields, const struct nft_value *value)
{
	size_t nest = message_nest(messages, attribute);
	size_t size = padded(fields, value->size);

	/* Too long a value is sent as one of no size, which the kernel refuses. */
	message_put(messages, NFTA_DATA_VALUE, value->bytes, size <= NFT_VALUE_SIZE ? size : 0);
	message_nest_end(messages, nest);
}

static void put_verdict(struct netlink_batch *messages, const struct nft_element *element)
{
	size_t data = message_nest(messages, NFTA_SET_ELEM_DATA);
	size_t verdict = message_nest(messages, NFTA_DATA_VERDICT);

	message_put_be32(messages, NFTA_VERDICT_CODE, (uint32_t)element->verdict);
	if (element->chain)
		message_put_text(messages, NFTA_VERDICT_CHAIN, element->chain);
	message_nest_end(messages, verdict);
	message_nest_end(messages, data);
}

/* The start of a range, or the only key. */
static void put_element(struct netlink_batch *messages, const struct nft_set *set,
			const struct nft_element *element)
{
	size_t nest = message_nest(messages, NFTA_LIST_ELEM);

	put_value(messages, NFTA_SET_ELEM_KEY, set->key, &element->key);
	if (has_ranges_of_fields(set))
		put_value(messages, NFTA_SET_ELEM_KEY_END, set->key, &element->last);
	if (set->data[0] == NFT_TYPE_VERDICT)
		put_verdict(messages, element);
	else if (element->data.size > 0)
		put_value(messages, NFTA_SET_ELEM_DATA, set->data, &element->data);
	message_nest_end(messages, nest);
}

/* VALUE becomes the next one; false: it was the last there is. */
static bool increment(struct nft_value *value)
{
	for (size_t i = value->size; i-- > 0;)
		if (++value->bytes[i] != 0)
			return true;
	return false;
}

/* Ranges of a lone field are two elements: the second marks where the first is over. */
static void put_range_end(struct netlink_batch *messages, const struct nft_set *set,
			  const struct nft_element *element)
{
	struct nft_value behind = element->last;
	size_t nest;

	if (behind.size > NFT_VALUE_SIZE || !increment(&behind))
		return;
	nest = message_nest(messages, NFTA_LIST_ELEM);
	put_value(messages, NFTA_SET_ELEM_KEY, set->key, &behind);
	message_put_be32(messages, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	message_nest_end(messages, nest);
}

static void put_elements(struct nft_batch *batch, const struct nft_set *set,
			 const struct nft_element *elements, size_t count)
{
	struct netlink_batch *messages = &batch->messages;
	size_t list;

	message_put_text(messages, NFTA_SET_ELEM_LIST_TABLE, batch->table);
	message_put_text(messages, NFTA_SET_ELEM_LIST_SET, set->name);
	list = message_nest(messages, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = 0; i < count; i++) {
		put_element(messages, set, &elements[i]);
		if (set->interval && !has_ranges_of_fields(set))
			put_range_end(messages, set, &elements[i]);
	}
	message_nest_end(messages, list);
}

/* Changes elements, with as many messages as it takes. */
static void change_elements(struct nft_batch *batch, uint16_t type, uint16_t flags,
			    const char *verb, const struct nft_set *set,
			    const struct nft_element *elements, size_t count)
{
	for (size_t done = 0; done < count; done += ELEMENTS_MAX) {
		size_t some = count - done < ELEMENTS_MAX ? count - done : ELEMENTS_MAX;

		nft_message(batch, type, flags, "%s the set %s", verb, set->name);
		put_elements(batch, set, elements + done, some);
	}
}

void nft_elements_add(struct nft_batch *batch, const struct nft_set *set,
		      const struct nft_element *elements, size_t count)
{
	change_elements(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE, "add elements to", set, elements,
			count);
}

void nft_elements_delete(struct nft_batch *batch, const struct nft_set *set,
			 const struct nft_element *elements, size_t count)
{
	change_elements(batch, NFT_MSG_DELSETELEM, 0, "delete elements from", set, elements, count);
}
