/* SPDX-License-Identifier: MIT */
/* Text about an op that grows in a buffer; private to describe*.c. */
#ifndef FLOE_PLAN_PHRASE_H
#define FLOE_PLAN_PHRASE_H

#include "plan.h"

/* In a buffer of the caller's, cut off at its end. */
struct phrase {
	char *text;
	size_t size;
	size_t used;
};

void say(struct phrase *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* describe_net.c: ops about the network */
void describe_claim(struct phrase *p, const struct op *op);
void describe_zone(struct phrase *p, const struct op *op);
void describe_veth(struct phrase *p, const struct op *op);
void describe_shared(struct phrase *p, const struct op *op);
void describe_move(struct phrase *p, const struct op *op);
void describe_address(struct phrase *p, const struct op *op);
void describe_rate(struct phrase *p, const struct op *op);
void describe_serve(struct phrase *p, const struct op *op);
void describe_join(struct phrase *p, const struct op *op);
void describe_link_inside(struct phrase *p, const struct op *op);

#endif
