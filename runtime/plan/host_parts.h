/* SPDX-License-Identifier: MIT */
/* The parts of the probe, a file each; private to host*.c. */
#ifndef FLOE_PLAN_HOST_PARTS_H
#define FLOE_PLAN_HOST_PARTS_H

#include "host.h"

#include <limits.h>

/* Each fills its part of HOST; what is missing is a fact. 0, or a negative errno with ERROR set
 * when the request cannot be met at all. In this order: later ones use what earlier ones found. */
int host_kernel(struct host *host, const struct spec *spec, struct floe_error *error);
int host_cgroup(struct host *host, const struct spec *spec, struct floe_error *error);
int host_files(struct host *host, const struct spec *spec, struct floe_error *error);
int host_tree(struct host *host, const struct spec *spec, int root, struct floe_error *error);
int host_tree_missing(struct host *host, const struct spec *spec, struct floe_error *error);
int host_inits(struct host *host, const struct spec *spec, int root);
int host_sources(struct host *host, const struct spec *spec, int root, struct floe_error *error);
int host_user(struct host *host, const struct spec *spec, int root, struct floe_error *error);
int host_net(struct host *host, const struct spec *spec, struct floe_error *error);
int host_ids(struct host *host, const struct spec *spec, struct floe_error *error);

/*
 * Pure: the layout and the hierarchies out of the text of /proc/self/mountinfo and
 * /proc/self/cgroup (proc(5), cgroups(7)). Mounts that are read-only, covered by others or do not
 * show the caller's cgroup are not counted.
 */
void host_parse_cgroup(struct host *host, const char *mountinfo, const char *own);

/* Pure: the ranges of 65536 ids that the text of passwd(5), group(5) (ids in field 3) or subuid(5)
 * speaks of are appended to host->uid_taken, unsorted and with repetitions. */
void host_parse_ids(struct host *host, const char *text);
void host_parse_subids(struct host *host, const char *text);

/* Pure: os-release(5) keys of TEXT that identify the host. */
void host_parse_os_release(struct host *host, const char *text);

/* Pure: the 32 hex digits of machine-id(5) text in the arena, NULL when it holds none. */
const char *host_parse_machine_id(struct arena *arena, const char *text);

/* Whether a file system of this f_type (statfs(2)) takes an id mapping on this kernel. */
bool host_can_idmap(const struct host *host, unsigned long magic);

/* What is behind FD, which may be a negative errno. */
void host_describe(const struct host *host, struct host_source *source, int fd);

/* Where the links that begin at PATH in ROOT end, though that may not be there; LINK is PATH itself
 * when it is none. Whether it is one. */
bool host_link_end(int root, const char *path, char link[static PATH_MAX]);

/* Opens what PATH, a directory that SPEC has made, will lie in: the nearest that is there. -ENOENT
 * when it is none of those. */
int host_open_place(const struct spec *spec, const char *path);

/* The absolute path of an open descriptor, in the arena; "" when it cannot be told. */
const char *host_descriptor_path(struct arena *arena, int fd);

#endif
