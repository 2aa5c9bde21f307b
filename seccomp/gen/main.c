/* SPDX-License-Identifier: MIT */
/* At build time: reads the policy files named as arguments, writes the tables in C to stdout. */
#include "../../runtime/base/cleanup.h"
#include "../../runtime/base/err.h"
#include "../compile/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <string.h>
#include <sys/stat.h>

#define BIT(capability) (UINT64_C(1) << (capability))

/* What of the default capability set (systemd-nspawn(1), --capability=) matters here. */
#define DEFAULT_SET (BIT(CAP_SYS_BOOT) | BIT(CAP_SYS_PTRACE) | BIT(CAP_SYS_TTY_CONFIG))

/* The sets that payloads start with: a machine, one without privileges, one with all of them. */
static const struct {
	const char *name;
	uint64_t capabilities;
} sets[] = {
	{"default", DEFAULT_SET},
	{"none", 0},
	{"all", UINT64_MAX},
};

static char *file_read(struct arena *arena, const char *path, struct floe_error *error)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	char *text;

	if (fd < 0 || fstat(fd, &status) < 0) {
		err_errno(error, errno, "cannot open %s", path);
		return NULL;
	}
	text = arena_alloc(arena, (size_t)status.st_size + 1);
	if (!text || read(fd, text, (size_t)status.st_size) != status.st_size) {
		err_errno(error, EIO, "cannot read %s", path);
		return NULL;
	}
	return text;
}

static char *files_read(struct arena *arena, char **paths, size_t count, struct floe_error *error)
{
	char *all = arena_strdup(arena, "");

	for (size_t i = 0; i < count; i++) {
		const char *text = file_read(arena, paths[i], error);

		if (!text)
			return NULL;
		all = arena_printf(arena, "%s%s", all, text);
	}
	return all;
}

/* One line of text a line of C: the policy holds nothing that C would have escaped. */
static void text_print(const char *text)
{
	printf("const char seccomp_table_policy[] =");
	for (size_t length; *text; text += length + (text[length] == '\n')) {
		length = strcspn(text, "\n");
		printf("\n\t\"");
		for (size_t i = 0; i < length; i++)
			printf(strchr("\"\\", text[i]) ? "\\%c" : "%c", text[i]);
		printf("\\n\"");
	}
	printf(";\n");
}

static void program_print(const char *name, const struct sock_fprog *program)
{
	printf("static const struct sock_filter code_%s[%u] = {", name, program->len);
	for (unsigned int i = 0; i < program->len; i++) {
		const struct sock_filter *insn = &program->filter[i];

		printf("%s{0x%02x, %u, %u, 0x%08x},", i % 4 ? " " : "\n\t", insn->code, insn->jt,
		       insn->jf, insn->k);
	}
	printf("\n};\n\n");
}

static int programs_print(const struct policy *policy, struct arena *arena,
			  struct floe_error *error)
{
	enum verdict *verdicts = arena_alloc(arena, policy->call_count * sizeof(*verdicts));

	for (size_t i = 0; verdicts && i < ARRAY_SIZE(sets); i++) {
		struct sock_fprog program;
		int r;

		policy_apply(policy, sets[i].capabilities, verdicts);
		r = policy_compile(policy, verdicts, seccomp_arch_native(), arena, &program, error);
		if (r < 0)
			return r;
		program_print(sets[i].name, &program);
	}
	return verdicts ? 0 : err_errno(error, ENOMEM, "cannot compile the policy");
}

/* The kernel's structure has no const; nothing writes through it. */
static void tables_print(uint64_t capabilities)
{
	printf("const struct seccomp_table seccomp_tables[] = {\n");
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		printf("\t{UINT64_C(0x%llx), {sizeof(code_%s) / sizeof(code_%s[0]), "
		       "(struct sock_filter *)code_%s}},\n",
		       (unsigned long long)(sets[i].capabilities & capabilities), sets[i].name,
		       sets[i].name, sets[i].name);
	printf("};\n\nconst size_t seccomp_table_count = %zu;\n", ARRAY_SIZE(sets));
	printf("const uint64_t seccomp_table_capabilities = UINT64_C(0x%llx);\n\n",
	       (unsigned long long)capabilities);
}

static int generate(struct arena *arena, char **paths, size_t count, struct floe_error *error)
{
	const char *text = files_read(arena, paths, count, error);
	struct policy policy;
	int r;

	if (!text)
		return -EINVAL;
	r = policy_parse(text, arena, &policy, error);
	if (r < 0)
		return r;
	printf("/* SPDX-License-Identifier: MIT */\n"
	       "/* Made by seccomp-gen from seccomp/policy with libseccomp %u.%u.%u. */\n"
	       "#include \"seccomp/tables.h\"\n\n",
	       seccomp_version()->major, seccomp_version()->minor, seccomp_version()->micro);
	r = programs_print(&policy, arena, error);
	if (r < 0)
		return r;
	tables_print(policy_capabilities(&policy));
	text_print(text);
	if (fflush(stdout) != 0 || ferror(stdout))
		return err_errno(error, errno, "cannot write the tables");
	return 0;
}

int main(int argc, char **argv)
{
	struct floe_error error = {0};
	struct arena arena = {0};
	int r = generate(&arena, argv + 1, argc > 0 ? (size_t)argc - 1 : 0, &error);

	arena_free(&arena);
	if (r < 0)
		fprintf(stderr, "seccomp-gen: %s\n", error.message);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
