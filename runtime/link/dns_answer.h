/* SPDX-License-Identifier: MIT */
/* What is answered to a DNS query without asking anybody. */
#ifndef FLOE_LINK_DNS_ANSWER_H
#define FLOE_LINK_DNS_ANSWER_H

#include "../base/dns.h"

/*
 * Reads the query in DATA of SIZE bytes and, where the answer is a machine's address in the
 * directory NAMES (-1: none) or a failure, writes it to ANSWER, in as many bytes as may be sent by
 * UDP or, if STREAM, in any number. Returns its size; 0: others are to be asked; -EBADMSG: nothing
 * is to be answered.
 */
ssize_t dns_answer(int names, const uint8_t *data, size_t size, bool stream,
		   struct dns_query *query, uint8_t answer[static DNS_ANSWER_MAX]);

#endif
