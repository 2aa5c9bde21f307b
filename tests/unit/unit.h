/* SPDX-License-Identifier: MIT */
/* cmocka with the headers that it wants included before it. */
#ifndef FLOE_TESTS_UNIT_H
#define FLOE_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../runtime/base/cleanup.h"

#endif
