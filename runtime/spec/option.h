/* SPDX-License-Identifier: MIT */
/* What a row of the option table does with its value. */
#ifndef FLOE_SPEC_OPTION_H
#define FLOE_SPEC_OPTION_H

#include "spec.h"
#include "words.h"

struct option_call {
	struct spec *spec;
	const struct floe_option *option;
	const char
		*value; /* NULL only where the table says that it may be left out, or takes none */
	struct floe_error *error;
};

/* Returns 0 or -EINVAL with the error set by option_refuse(); the spec is unchanged then, but for
 * memory in its arena. */
typedef int (*option_setter)(const struct option_call *call);

struct option_action {
	option_setter set;
	size_t offset; /* of the field in struct spec, for setters that serve several */
	int constant;  /* for setters that serve several */
	const struct word_table *words;
};

/* "--name=value: REASON"; returns -EINVAL. */
int option_refuse(const struct option_call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The action of the row that CALL is about, and the field it sets. */
const struct option_action *option_action(const struct option_call *call);
void *option_field(const struct option_call *call);

/* The row called NAME (long name or letter), or NULL. */
const struct floe_option *option_find(const char *name);

/* Sets one row; VALUE as in struct option_call, checked against the row here. */
int option_apply(struct spec *spec, const struct floe_option *option, const char *value,
		 struct floe_error *error);

/* Takes an option back that takes no value, as if it had not been given. */
void option_clear(struct spec *spec, const struct floe_option *option);

/* Forgets that the options in NAMES, separated by blanks, were set by name; values stay. */
void spec_forget(struct spec *spec, const char *names);

/* setters.c: kinds of values that several options take */
int set_flag(const struct option_call *call);
int set_bool(const struct option_call *call);
int set_tristate(const struct option_call *call);
int set_word(const struct option_call *call);
int set_constant(const struct option_call *call);
int set_host_path(const struct option_call *call);
int set_store_root(const struct option_call *call);
int set_inside_path(const struct option_call *call);
int set_host_name(const struct option_call *call);

/* set_run.c: how the payload is started */
int set_boot(const struct option_call *call);
int set_as_pid2(const struct option_call *call);
int set_user(const struct option_call *call);
int set_environment(const struct option_call *call);
int set_kill_signal(const struct option_call *call);
int set_uuid(const struct option_call *call);
int set_register(const struct option_call *call);

/* set_isolation.c: users, capabilities, system calls */
int set_private_users(const struct option_call *call);
int set_pick(const struct option_call *call);
int set_capabilities(const struct option_call *call);
int set_syscall_filter(const struct option_call *call);

/* set_network.c */
int set_switch(const struct option_call *call);
int set_private_network(const struct option_call *call);
int set_network_path(const struct option_call *call);
int set_veth(const struct option_call *call);
int set_bridge(const struct option_call *call);
int set_zone(const struct option_call *call);
int set_other_link(const struct option_call *call); /* constant: enum spec_link_kind */
int set_link_name(const struct option_call *call);
int set_mac(const struct option_call *call);
int set_mtu(const struct option_call *call);
int set_rate(const struct option_call *call);

/* set_addresses.c */
int set_address(const struct option_call *call);
int set_gateway(const struct option_call *call);
int set_dns(const struct option_call *call);
int set_port(const struct option_call *call);

/* set_limits.c: resources */
int set_rlimit(const struct option_call *call);
int set_oom_score(const struct option_call *call);
int set_cpu_affinity(const struct option_call *call);
int set_personality(const struct option_call *call);
int set_tasks_max(const struct option_call *call);
int set_memory(const struct option_call *call);
int set_cpu(const struct option_call *call);
int set_io(const struct option_call *call);

/* set_mount.c */
int set_bind(const struct option_call *call); /* constant: read-only */
int set_tmpfs(const struct option_call *call);
int set_overlay(const struct option_call *call); /* constant: read-only */
int set_inaccessible(const struct option_call *call);

/* set_credential.c */
int set_credential_path(const struct option_call *call);
int set_credential_data(const struct option_call *call);

#endif
