/* SPDX-License-Identifier: MIT */
/* Parts of libfloe that need heavy libraries, loaded when first used. */
#ifndef FLOE_LIB_MODULE_H
#define FLOE_LIB_MODULE_H

#include "../floe.h"

struct image_module;
struct nixdb_module;
struct pull_module;
struct seccomp_module;

/*
 * Each gives the module's table of functions, which stays valid for the life of the process, or
 * NULL with -ENOENT's message: which file is missing or broken and what to install. A module is
 * looked for in "modules/" beside the running program, then in the directory that was configured
 * when floe was built (FLOE_MODULE_DIR). With FLOE_STATIC all are part of the program.
 * Safe to call from several threads.
 */
const struct image_module *module_image(struct floe_error *error);
const struct pull_module *module_pull(struct floe_error *error);
const struct seccomp_module *module_seccomp(struct floe_error *error);
const struct nixdb_module *module_nixdb(struct floe_error *error);

#endif
