/* SPDX-License-Identifier: MIT */
/* Turning a failed op into words. */
#ifndef FLOE_LAUNCH_REPORT_H
#define FLOE_LAUNCH_REPORT_H

#include "../plan/plan.h"

struct context;

/* Fills ERROR, unless the op did so itself: what was being done in which step, why it failed and
 * what helps. INDEX: of the op, or an enum failed_step. Returns -ERRNUM. */
int report_op(struct floe_error *error, const struct plan *plan, int index, int errnum);

/* The same for the leader's last ops, with what a program that it ran said. */
int report_late(struct floe_error *error, const struct context *context, int index, int errnum);

#endif
