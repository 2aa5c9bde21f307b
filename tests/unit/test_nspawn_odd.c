/* SPDX-License-Identifier: MIT */
/* Settings files as people, editors and enemies write them. */
#include "settings_text.h"

#include <string.h>

#include "unit.h"

#define T(text) text, sizeof(text) - 1
#define E       "[Exec]\n"
#define F       "[Files]\n"
#define N       "[Network]\n"
#define X       "[X-Floe]\n"

/* TEXT, what has to be said of it, and the words of the command line that say the same; NULL where
 * what was said is fatal. */
static const struct odd {
	const char *text;
	size_t size;
	const char *says, *line;
} odds[] = {
	/* files that say nothing */
	{T(""), "", ""},
	{T("\n"), "", ""},
	{T("\n\n\n"), "", ""},
	{T(" "), "", ""},
	{T("\t \t"), "", ""},
	{T("\r"), "", ""},
	{T("\r\n\r\n"), "", ""},
	{T("\xef\xbb\xbf"), "", ""},
	{T("#"), "", ""},
	{T(";"), "", ""},
	{T("# [Exec]\n; Boot=yes\n"), "", ""},
	{T("   # indented\n\t; too"), "", ""},
	{T("# ends in a backslash \\\n" E "Boot=yes"), "", "-b"},
	{T("\\\n"), "", ""},
	{T("\\"), "", ""},
	{T("\\\n\\\n\\\n"), "", ""},
	{T("[Exec]"), "", ""},
	{T("[Exec]\n[Exec]\n[Files]\n[Network]\n[X-Floe]\n[X-Nix]\n[X-Network]"), "", ""},

	/* ends of lines and of the file */
	{T(E "Boot=yes"), "", "-b"},
	{T(E "Boot=yes\n\n\n"), "", "-b"},
	{T("[Exec]\r\nBoot=yes\r\n"), "", "-b"},
	{T("[Exec]\r\nBoot=yes"), "", "-b"},
	{T("[Exec]\rBoot=yes\r"), "", "-b"},
	{T("[Exec]\n\rBoot=yes\n\r"), "", "-b"},
	{T("\xef\xbb\xbf[Exec]\nBoot=yes"), "", "-b"},
	{T("\xef\xbb\xbf# x\n[Exec]\nBoot=yes"), "", "-b"},
	{T("[Exec]\n\xef\xbb\xbf"
	   "Boot=yes"),
	 "2 warning no setting", ""},
	{T(E "Hostname=a\r\nUser=b\r\n"), "", "--hostname=a --user=b"},
	{T("[Exec]\nBoot=yes\f"), "2 error expected yes or no", NULL},
	{T("[Exec]\nBoot=yes\v\n"), "2 error expected yes or no", NULL},

	/* blanks */
	{T(" [Exec] \n  Boot  =  yes  \n"), "", "-b"},
	{T("\t[Exec]\t\n\tBoot\t=\tyes\t"), "", "-b"},
	{T(E "Boot =yes"), "", "-b"},
	{T(E "Boot= yes"), "", "-b"},
	{T("[ Exec ]\nBoot=yes"), "1 warning no section [ Exec ]", ""},
	{T("[Exec ]\nBoot=yes"), "1 warning no section [Exec ]", ""},
	{T(E "Bo ot=yes"), "2 warning no setting Bo ot=", ""},
	{T(E "User=  joe  "), "", "-u joe"},
	{T(E "User=jo e"), "2 error user inside", NULL},

	/* headings */
	{T("[exec]\nBoot=yes"), "1 warning no section [exec]", ""},
	{T("[EXEC]\nBoot=yes"), "1 warning no section [EXEC]", ""},
	{T("[Exec"), "1 error no heading", NULL},
	{T("[Exec\nBoot=yes\nUser=joe"), "1 error no heading", NULL},
	{T("[]\nBoot=yes"), "1 error no heading", NULL},
	{T("["), "1 error no heading", NULL},
	{T("[]"), "1 error no heading", NULL},
	{T("Exec]\nBoot=yes"),
	 "1 warning before the first section\n2 warning before the first section", ""},
	{T("[[Exec]]\nBoot=yes"), "1 warning no section [[Exec]]", ""},
	{T("[Exec]x\nBoot=yes"), "1 error no heading", NULL},
	{T("[Exec] # comment\nBoot=yes"), "1 error no heading", NULL},
	{T("[\"Exec\"]\nBoot=yes"), "1 error no heading", NULL},
	{T("['Exec']"), "1 error no heading", NULL},
	{T("[Ex\\ec]"), "1 error no heading", NULL},
	{T("[Ex\tec]"), "1 error no heading", NULL},
	{T("[Ex\x01"
	   "ec]"),
	 "1 error no heading", NULL},
	{T("[Unit]\nDescription=x\n[Service]\nExecStart=/x\n" E "Boot=yes"),
	 "1 warning no section [Unit]\n3 warning no section [Service]", "-b"},
	{T("[X-Other]\nFoo=1\nnonsense=2\n" E "Boot=yes"), "", "-b"},
	{T("[X-]\nFoo=1"), "", ""},
	{T("[x-floe]\nTasksMax=1"), "1 warning no section [x-floe]", ""},
	{T(E "Boot=yes\n" F "ReadOnly=yes\n" E "User=joe"), "", "-b --read-only -u joe"},
	{T("[Ex\\\nec]\nBoot=yes"), "1 warning no section [Ex ec]", ""},

	/* lines that are no assignments */
	{T("Boot=yes"), "1 warning before the first section", ""},
	{T("Boot=yes\n" E "User=joe"), "1 warning before the first section", "-u joe"},
	{T(E "Boot"), "2 warning neither a heading nor Key=value", ""},
	{T(E "Boot yes\nUser=joe"), "2 warning neither a heading", "-u joe"},
	{T(E "=yes"), "2 warning neither a heading", ""},
	{T(E "="), "2 warning neither a heading", ""},
	{T(E " = yes"), "2 warning neither a heading", ""},
	{T(E "Boot:yes"), "2 warning neither a heading", ""},
	{T(E "\"Boot=yes\""), "2 warning no setting \"Boot=", ""},
	{T(E "Boot==yes"), "2 error expected yes or no", NULL},
	{T(E "--boot"), "2 warning neither a heading", ""},
	{T(E "%s%n%s%n"), "2 warning neither a heading nor Key=value", ""},
	{T(E "%n=%s"), "2 warning no setting %n=", ""},

	/* names that are not known */
	{T(E "Bott=yes"), "2 warning no setting Bott= in [Exec]", ""},
	{T(E "boot=yes"), "2 warning no setting boot=", ""},
	{T(E "X-Mine=yes\nX-=\nX-Boot=no"), "", ""},
	{T(E "ReadOnly=yes"), "2 warning ReadOnly= belongs to [Files], not to [Exec]", ""},
	{T(E "TasksMax=5"), "2 warning TasksMax= belongs to [X-Floe]", ""},
	{T(E "LimitFOO=5"), "2 warning no setting LimitFOO=", ""},
	{T(E "Limit=5"), "2 warning no setting Limit=", ""},
	{T(F "Boot=yes"), "2 warning Boot= belongs to [Exec]", ""},
	{T(N "Bind=/x"), "2 warning Bind= belongs to [Files]", ""},
	{T(X "Machine=x"), "2 warning no setting Machine=", ""},
	{T(X "Settings=no"), "2 warning no setting Settings=", ""},
	{T(X "Tasks-Max=5"), "2 warning no setting Tasks-Max=", ""},
	{T(X "tasks-max=5"), "2 warning no setting tasks-max=", ""},
	{T(X "Boot=yes"), "2 warning Boot= belongs to [Exec]", ""},
	{T(X "Nonsense=1\nTasksMax=5"), "2 warning no setting Nonsense=", "--tasks-max=5"},
	{T("[X-Nix]\nTasksMax=5"), "2 warning belongs to [X-Floe]", ""},
	{T(E "Caf\xc3\xa9=1"), "2 warning no setting Caf\xc3\xa9=", ""},

	/* continued lines */
	{T(E "Boot=\\\nyes"), "", "-b"},
	{T(E "Boot=\\\r\nyes\r\n"), "", "-b"},
	{T(E "Boot\\\n=yes"), "", "-b"},
	{T(E "Environment=A=1 \\\n# between\n; too\n   B=2"), "", "-E A=1 -E B=2"},
	{T(E "Environment=A=1\\\nB=2"), "", "-E A=1 -E B=2"},
	{T(E "Environment=A=1\\\n\nUser=joe"), "", "-E A=1 -u joe"},
	{T(E "Environment=A=1\\"), "", "-E A=1"},
	{T(E "Environment=A=1\\\n"), "", "-E A=1"},
	{T(E "Environment=A=1\\\n# end"), "", "-E A=1"},
	{T(E "Environment=A=x\\\\\nUser=joe"), "", "-E A=x\\\\ -u joe"},
	{T(E "Environment=A=x\\ \nUser=joe"), "", "-E A=x\\ -u joe"},
	{T(E "User=joe\\\nBoot=yes"), "2 error user inside", NULL},
	{T(E "\n\nBott=\\\n1\n\nBott=2"), "4 warning Bott=\n7 warning Bott=", ""},
	{T(E "Environment='A=1 \\\n 2'"), "", "-E 'A=1   2'"},

	/* NUL bytes and what is no UTF-8 */
	{T("\0"), "1 error NUL byte", NULL},
	{T(E "Boot=yes\0"), "2 error NUL byte", NULL},
	{T(E "Boot=\0yes"), "2 error NUL byte", NULL},
	{T("[Ex\0ec]\nBoot=yes"), "1 error NUL byte\n2 warning before the first section", NULL},
	{T("# \0\n" E "Boot=yes"), "", "-b"},
	{T(E "User=\xff"), "2 error not UTF-8", NULL},
	{T(E "User=\xc3"), "2 error not UTF-8", NULL},
	{T(E "\xff\xfe=1"), "2 error not UTF-8", NULL},
	{T("[\xff]\nBoot=1"), "1 error not UTF-8\n2 warning before the first section", NULL},
	{T("\xff\xfe[\0E\0x\0e\0c\0]\0"), "1 error NUL byte", NULL},
	{T("# caf\xe9\n" E "Boot=yes # x"), "3 error expected yes or no", NULL},
	{T("# caf\xe9\n" E "Boot=yes"), "", "-b"},
	{T(E "User=\xed\xa0\x80"), "2 error not UTF-8", NULL},
	{T(E "User=\xc0\xaf"), "2 error not UTF-8", NULL},
	{T(E "Hostname=\x1b[31mred"), "2 error --hostname=?[31mred", NULL},
	{T(E "WorkingDirectory=/a\x01"
	     "b"),
	 "2 error control characters", NULL},
	{T(E "Environment=A=\x7f"), "", "-E A=\x7f"},

	/* truth values */
	{T(E "Boot=YES"), "", "-b"},
	{T(E "Boot=1"), "", "-b"},
	{T(E "Boot=t"), "", "-b"},
	{T(E "Boot=On"), "", "-b"},
	{T(E "Boot=2"), "2 error expected yes or no", NULL},
	{T(E "Boot='yes'"), "2 error expected yes or no", NULL},
	{T(E "Boot=yes # really"), "2 error expected yes or no", NULL},
	{T(E "Boot=yesno"), "2 error expected yes or no", NULL},
	{T(E "ProcessTwo=maybe"), "2 error expected yes or no", NULL},
	{T(F "ReadOnly=2"), "2 error expected yes or no", NULL},
	{T(E "Ephemeral=overlay"), "2 error expected yes or no", NULL},
	{T(F "PrivateUsersChown=map"), "2 error expected yes or no", NULL},

	/* empty values take back what the file said before */
	{T(E "Boot="), "", ""},
	{T(E "Boot=yes\nBoot="), "", ""},
	{T(E "Boot=yes\nBoot=\nProcessTwo=yes"), "", "-a"},
	{T(E "Boot=nonsense\nBoot="), "", ""},
	{T(E "Environment=A=1\nEnvironment=\nEnvironment=B=2"), "", "-E B=2"},
	{T(F "Bind=/a\nBind=\nBind=/b"), "", "--bind=/b"},
	{T(F "Bind=/a\nBindReadOnly=\nBind=/b"), "", "--bind=/a --bind=/b"},
	{T(E "CPUAffinity=1\nCPUAffinity=\nCPUAffinity=3"), "", "--cpu-affinity=3"},
	{T(E "PivotRoot="), "", ""},
	{T(E "PivotRoot=/x\nPivotRoot="), "", ""},
	{T(E "LimitNOFILE=1\nLimitNOFILE="), "", ""},
	{T(E "User=joe\nUser="), "", ""},
	{T(E "Parameters=/a b\nParameters=\nBoot=no"), "", "--boot=no"},
	{T(E "Bott="), "2 warning no setting Bott=", ""},

	/* what is said twice */
	{T(E "User=joe\nUser=ann"), "", "-u ann"},
	{T(E "Boot=yes\nBoot=yes"), "", "-b"},
	{T(E "Boot=yes\nBoot=no"), "", "--boot=no"},
	{T(E "Boot=yes\nProcessTwo=yes"), "3 error cannot be combined", NULL},
	{T(E "ProcessTwo=yes\nBoot=yes"), "3 error cannot be combined", NULL},
	{T(E "ProcessTwo=yes\nBoot=no"), "", "-a"},
	{T(E "ProcessTwo=no\nBoot=yes"), "", "-b"},
	{T(E "ProcessTwo=yes\nProcessTwo=no"), "", ""},
	{T(E "CPUAffinity=0\nCPUAffinity=2-3"), "", "--cpu-affinity=0,2-3"},
	{T(E "CPUAffinity=0\nCPUAffinity=x"), "3 error CPU", NULL},
	{T(E "Capability=CAP_KILL\nCapability=CAP_BPF"), "", "--capability=CAP_KILL,CAP_BPF"},
	{T(E "LimitNOFILE=1\nLimitNOFILE=2"), "", "--rlimit=NOFILE=2"},
	{T(E "Environment=A=1\nEnvironment=A=2"), "", "-E A=2"},
	{T(F "ReadOnly=yes\nReadOnly=no"), "", ""},
	{T(E "SystemCallFilter=bpf\nSystemCallFilter=~ptrace"), "",
	 "--system-call-filter=bpf --system-call-filter=~ptrace"},
	{T(X "SetCredential=a:1\nSetCredential=a:2"), "3 error there is a credential a already",
	 NULL},

	/* words and quotes */
	{T(E "Environment='A=1"), "2 error a quote is not closed", NULL},
	{T(E "Environment=\"A=1'"), "2 error a quote is not closed", NULL},
	{T(E "Environment=A=1 'B=2"), "2 error a quote is not closed", NULL},
	{T(E "Environment=A='1 2'\"3\"4"), "", "-E 'A=1 234'"},
	{T(E "Environment=A=''"), "", "-E A="},
	{T(E "Environment=A="), "", "-E A="},
	{T(E "Environment=A=\"it's\""), "", "-E A=\"it's\""},
	{T(E "Environment=A=a\\tb"), "", "-E A=a\\tb"},
	{T(E "Environment=PATH"), "2 error expected NAME=VALUE", NULL},
	{T(E "Environment=A=1 HOME"), "2 error expected NAME=VALUE", NULL},
	{T(E "Environment=A=b c"), "2 error expected NAME=VALUE", NULL},
	{T(E "Environment=1A=b"), "2 error digit", NULL},
	{T(E "Environment==b"), "2 error digits", NULL},
	{T(E "Environment='' A=1"), "2 error expected NAME=VALUE", NULL},
	{T(E "Environment=A=100%\nHostname=x"), "", "-E A=100% --hostname=x"},
	{T(E "Hostname=%m"), "2 error a name has", NULL},
	{T(E "Capability=CAP_KILL,CAP_BPF"), "", "--capability=CAP_KILL,CAP_BPF"},
	{T(E "Capability=CAP_NONSENSE"), "2 error CAP_NONSENSE", NULL},
	{T(E "Capability=CAP_KILL \t CAP_BPF"), "", "--capability=CAP_KILL,CAP_BPF"},
	{T(E "DropCapability=all"), "", "--drop-capability=all"},
	{T(E "AmbientCapability=all"), "2 error 'all'", NULL},

	/* the command */
	{T(E "Parameters=/bin/x"), "2 warning only beside Boot= or ProcessTwo=", ""},
	{T(E "Parameters=/bin/x\nBoot="), "2 warning only beside Boot=", ""},
	{T(E "Boot=no\nParameters=/bin/x 'a b' \"c\""), "", "--boot=no /bin/x 'a b' c"},
	{T(E "Parameters=/bin/x -b\nBoot=no"), "", "--boot=no /bin/x -b"},
	{T(E "Boot=yes\nParameters=single"), "", "-b single"},
	{T(E "ProcessTwo=yes\nParameters=/bin/x\nParameters=y"), "", "-a /bin/x y"},
	{T(E "Boot=no\nParameters=''"), "", "--boot=no ''"},
	{T(E "Boot=no\nParameters='x"), "3 error a quote is not closed", NULL},
	{T(E "Boot=no\nParameters=a\\ b"), "", "--boot=no a\\ b"},

	/* paths */
	{T(E "WorkingDirectory=srv"), "2 error absolute path inside", NULL},
	{T(E "WorkingDirectory=/a/../b"), "2 error without '..'", NULL},
	{T(F "Bind=x"), "2 error expected absolute paths", NULL},
	{T(F "Bind=./x:/y"), "2 error expected absolute paths", NULL},
	{T(F "Bind=~/x:/y"), "2 error expected absolute paths", NULL},
	{T(F "Bind=/a:b"), "2 error not an absolute path", NULL},
	{T(F "Bind=/a:/b:what"), "2 error 'what' is no bind option", NULL},
	{T(F "Bind=/a b:/c d"), "", "'--bind=/a b:/c d'"},
	{T(F "Bind='/a'"), "2 error expected absolute paths", NULL},
	{T(F "Bind=/a\\:b:/c"), "", "--bind=/a\\:b:/c"},
	{T(F "Bind=/a\\\\"), "", "--bind=/a\\\\"},
	{T(F "Bind=/a:/"), "2 error over the root", NULL},
	{T(F "Overlay=/a"), "2 error expected LOWER", NULL},
	{T(F "Overlay=a:/b:/c"), "2 error expected absolute paths", NULL},
	{T(F "Overlay=/a:b:/c"), "2 error expected absolute paths", NULL},
	{T(F "Overlay=/a:+b:/c"), "2 error all layers begin with '+'", NULL},
	{T(F "OverlayReadOnly=/a\\:b:/b:/c"), "", "--overlay-ro=/a\\:b:/b:/c"},
	{T(F "TemporaryFileSystem=/t:size=1,evil"), "2 error 'evil'", NULL},
	{T(F "Inaccessible=x"), "2 error not an absolute path", NULL},
	{T(N "NamespacePath=netns"), "2 error absolute path", NULL},
	{T("[X-Nix]\nSystem=result"), "2 error absolute path", NULL},
	{T(X "Directory=tree"), "2 error absolute path", NULL},

	/* links */
	{T(N "Interface="), "", ""},
	{T(N "Interface=eth0 eth0"), "2 error given before", NULL},
	{T(N "Interface=a/b"), "2 error name of a link", NULL},
	{T(N "MACVLAN=eth0\nIPVLAN=eth0"), "", "--network-macvlan=eth0 --network-ipvlan=eth0"},
	{T(N "Zone=a b"), "2 error a zone has", NULL},
	{T(N "Port=80\nPort=80"), "3 error given before", NULL},
	{T(N "Port=80 81"), "2 error expected [tcp:", NULL},
	{T(N "Port=0"), "2 error ports from 1", NULL},
	{T("[X-Network]\nAddress=10.0.0.256/24"), "2 error the machine's address", NULL},
	{T("[X-Network]\nAddress=10.0.0.2/24, 10.0.0.1"), "2 error the machine's address", NULL},
	{T("[X-Network]\nMAC=ff:ff:ff:ff:ff:ff"), "2 error single link", NULL},
	{T(N "Address=10.0.0.2/24"), "2 warning Address= belongs to [X-Network]", ""},

	/* values of others that are refused, and what floe does not have */
	{T(E "Personality=arm64"), "2 error expected x86", NULL},
	{T(E "KillSignal=SIGNONSENSE"), "2 error signal", NULL},
	{T(E "MachineID=0"), "2 error 32 hexadecimal digits", NULL},
	{T(E "LimitNOFILE=-1"), "2 error LimitNOFILE=: --rlimit=NOFILE=-1", NULL},
	{T(E "LimitNOFILE=5:4"), "2 error above the hard one", NULL},
	{T(E "LimitNICE=+30"), "2 error nice level", NULL},
	{T(E "OOMScoreAdjust=5000"), "2 error -1000 to 1000", NULL},
	{T(E "PrivateUsers=managed"), "2 error expected pick", NULL},
	{T(F "PrivateUsersOwnership=foreign"), "2 error expected auto, off, map or chown", NULL},
	{T(E "PivotRoot=/a"), "2 error no option --pivot-root", NULL},
	{T(E "SuppressSync=yes"), "2 error no option --suppress-sync", NULL},
	{T(E "SuppressSync=perhaps"), "2 error no option --suppress-sync", NULL},
	{T(F "BindUser=joe ann"), "2 error no option --bind-user", NULL},
	{T(X "TasksMax=0"), "2 error from 1 on", NULL},
	{T(X "Register=yes"), "2 error does not register", NULL},
	{T(X "SetCredential=a:\\q"), "2 error bad escape", NULL},
	{T(E "Bott=1\nPersonality=arm64\n[What]\nUser=a b"),
	 "2 warning Bott\n3 error x86\n4 warning no section", NULL},
	{T(F "Volatile=maybe\nBind=x\n" E "User=a b"),
	 "2 error expected no, yes, state or overlay\n3 error absolute\n5 error user inside", NULL},
};

static void odd_files_are_understood_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odds); i++) {
		const struct odd *odd = &odds[i];
		struct settings_read read =
			settings_read_text(odd->text, odd->size, SETTINGS_TRUSTED, "");

		settings_check_findings(&read, odd->text, odd->says);
		assert_int_equal(read.findings.fatal_count > 0, odd->line == NULL);
		if (odd->line)
			settings_check_spec(&read, odd->text, odd->line);
		settings_free(&read);
	}
	assert_true(ARRAY_SIZE(odds) >= 200);
}

/* Secrets are not repeated in what is said of them. */
static void secrets_are_not_shown(void **state)
{
	static const char text[] = X "SetCredential=a:hidden\\q\n";
	struct settings_read read =
		settings_read_text(text, sizeof(text) - 1, SETTINGS_TRUSTED, "");

	(void)state;
	assert_int_equal(read.findings.count, 1);
	assert_null(strstr(read.findings.list[0].text, "hidden"));
	settings_free(&read);
}

/* PREFIX, then UNIT so often that the whole has at least SIZE bytes. */
static char *repeated(const char *prefix, const char *unit, size_t size, size_t *length)
{
	size_t first = strlen(prefix), step = strlen(unit);
	char *text = malloc(size + first + step + 1);

	assert_non_null(text);
	memcpy(text, prefix, first);
	for (*length = first; *length < size; *length += step)
		memcpy(text + *length, unit, step);
	text[*length] = '\0';
	return text;
}

static void huge_files_are_refused_soon(void **state)
{
	static const struct {
		const char *prefix, *unit;
		size_t size;
		const char *says;
	} rows[] = {
		{"", "#", SETTINGS_SIZE_MAX + 1, "larger than 1024 KiB"},
		{E, "\n", SETTINGS_SIZE_MAX + 1, "larger than 1024 KiB"},
		{E, "Bott=1\n", SETTINGS_SIZE_MAX - 16, "too much is wrong"},
		{E, "x\n", SETTINGS_SIZE_MAX - 16, "too much is wrong"},
		{"", "[x]\n", SETTINGS_SIZE_MAX - 16, "too much is wrong"},
		{"", "[", SETTINGS_SIZE_MAX - 16, "no heading"},
		{E, "User=\n", SETTINGS_SIZE_MAX - 16, "more than 8192 settings"},
		{E, "User=joe\n", SETTINGS_SIZE_MAX - 16, "more than 8192 settings"},
		{E "Environment=", "A=1 ", SETTINGS_SIZE_MAX - 16, "too many values"},
		{E "Environment=A=", "x", SETTINGS_SIZE_MAX - 16, NULL},
		{E "Environment='A=", "\"", SETTINGS_SIZE_MAX - 16, "not closed"},
		{E "User=", "x", SETTINGS_SIZE_MAX - 16, "user inside"},
		{E "SystemCallFilter=~", "bpf ", SETTINGS_SIZE_MAX - 16, NULL},
		{E "Boot=no\nParameters=", "x ", SETTINGS_SIZE_MAX - 16, NULL},
		{F "Bind=", ":", SETTINGS_SIZE_MAX - 16, "absolute"},
		{F "Bind=/", "a/", SETTINGS_SIZE_MAX - 16, "4095 bytes"},
		{E "Boot=", "\\\n", SETTINGS_SIZE_MAX - 16, NULL},
		{"", "\\\n#\n", SETTINGS_SIZE_MAX - 16, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t size;
		CLEANUP_FREE char *text =
			repeated(rows[i].prefix, rows[i].unit, rows[i].size, &size);
		struct settings_read read = settings_read_text(text, size, SETTINGS_TRUSTED, "");
		bool found = !rows[i].says && read.findings.count == 0;

		for (size_t j = 0; rows[i].says && j < read.findings.count; j++)
			found |= read.findings.list[j].fatal &&
				 strstr(read.findings.list[j].text, rows[i].says);
		if (!found)
			fail_msg("%s%s... does not say %s", rows[i].prefix, rows[i].unit,
				 rows[i].says ?: "nothing");
		assert_true(read.findings.count <= SETTINGS_FINDINGS_MAX);
		settings_free(&read);
	}
}

/* An empty value only takes back what the same file said. */
static void empty_values_do_not_touch_the_command_line(void **state)
{
	static const char text[] = E "User=\nEnvironment=\n" F "Bind=\n";
	static const char line[] = "-u joe -E A=1 --bind=/x";

	(void)state;
	for (int kind = SETTINGS_TRUSTED; kind <= SETTINGS_OVERRIDE; kind++) {
		struct settings_read read =
			settings_read_text(text, sizeof(text) - 1, (enum settings_kind)kind, line);

		settings_check_spec(&read, text, line);
		settings_free(&read);
	}
}

/* TEXT over LINE gives one spec where options win, and another where the file does. */
static void groups_are_replaced_as_a_whole(void **state)
{
	static const struct {
		const char *text, *line, *yes, *override;
	} rows[] = {
		{F "Bind=/a\nOverlay=/b:/c:/d\nTemporaryFileSystem=/t\nInaccessible=/i\n",
		 "--tmpfs=/x", "--tmpfs=/x",
		 "--bind=/a --overlay=/b:/c:/d --tmpfs=/t --inaccessible=/i"},
		{E "LimitNOFILE=1\nLimitNPROC=2", "--rlimit=NOFILE=9",
		 "--rlimit=NOFILE=9 --rlimit=NPROC=2", "--rlimit=NOFILE=1 --rlimit=NPROC=2"},
		{E "Environment=A=1", "-E B=2", "-E B=2", "-E A=1"},
		{E "Boot=yes\nParameters=a b", "-a /x", "-a /x", "-b a b"},
		{E "Boot=yes\nParameters=a b", "/x y", "/x y", "-b a b"},
		{E "ProcessTwo=yes\nParameters=/z", "-b", "-b", "-a /z"},
		{E "Boot=no\nUser=joe", "-b", "-b -u joe", "--boot=no -u joe"},
		{E "Parameters=/z", "-b x", "-b x", "-b x"},
		{E "Capability=CAP_BPF", "--drop-capability=CAP_KILL", "--drop-capability=CAP_KILL",
		 "--drop-capability=CAP_KILL --capability=CAP_BPF"},
		{E "PrivateUsers=no\n" F "PrivateUsersOwnership=map", "-U", "-U",
		 "--private-users=no --private-users-ownership=map"},
		{F "PrivateUsersOwnership=map", "--private-users=identity",
		 "--private-users=identity", "--private-users-ownership=map"},
		{E "SystemCallFilter=bpf", "--system-call-filter=~ptrace",
		 "--system-call-filter=~ptrace", "--system-call-filter=bpf"},
		{N "Private=no", "--private-network", "--private-network", "--private-network=no"},
		{N "Private=yes", "--network-namespace-path=/n", "--network-namespace-path=/n",
		 "--private-network"},
		{N "Zone=a\nInterface=x", "-n", "-n", "--network-zone=a --network-interface=x"},
		{N "VirtualEthernet=no\nPort=80", "--network-bridge=b", "--network-bridge=b -p 80",
		 "--network-veth=no -p 80"},
		{N "Port=80", "-p 81", "-p 81", "-p 80"},
		{N "Private=yes\nPort=80", "-p 81", "-p 81 --private-network",
		 "-p 80 --private-network"},
		{"[X-Network]\nAddress=10.0.0.2/24\nDNS=1.1.1.1\nGateway=10.0.0.1\nMTU=1400",
		 "--address=10.1.0.2/24 --dns=2.2.2.2 --gateway=no",
		 "--address=10.1.0.2/24 --dns=2.2.2.2 --gateway=no --mtu=1400",
		 "--address=10.0.0.2/24 --dns=1.1.1.1 --gateway=10.0.0.1 --mtu=1400"},
		{"[X-Network]\nAddress=10.0.0.2/24\nMTU=1400", "--network-namespace-path=/n",
		 "--network-namespace-path=/n",
		 "--network-namespace-path=/n --address=10.0.0.2/24 --mtu=1400"},
		{F "ReadOnly=no\nVolatile=no", "--read-only", "--read-only --volatile=no",
		 "--volatile=no"},
		{E "LinkJournal=no", "-j", "-j", "--link-journal=no"},
		{X "Console=passive", "-P", "-P", "--console=passive"},
		{X "LoadCredential=b:/x", "--set-credential=a:1", "--set-credential=a:1",
		 "--load-credential=b:/x"},
		{"[X-Nix]\nSystem=/s\nStore=rw", "--store=ro", "--store=ro --system=/s",
		 "--store=rw --system=/s"},
		{E "Hostname=a\nUser=b", "--hostname=z", "--hostname=z -u b", "--hostname=a -u b"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t size = strlen(rows[i].text);
		struct settings_read read =
			settings_read_text(rows[i].text, size, SETTINGS_TRUSTED, rows[i].line);

		settings_check_spec(&read, rows[i].text, rows[i].yes);
		settings_free(&read);
		read = settings_read_text(rows[i].text, size, SETTINGS_OVERRIDE, rows[i].line);
		settings_check_spec(&read, rows[i].text, rows[i].override);
		settings_free(&read);
	}
}

/* What floe start presumes is no option that was said: the file says otherwise. */
static void presumptions_give_way(void **state)
{
	static const char text[] = E "Boot=no\nNotifyReady=no\nLinkJournal=no\n" N "Private=no\n";
	struct settings_read read = {0};
	struct nspawn_file file = {.text = text, .size = sizeof(text) - 1, .trusted = true};
	struct floe_error error = {0};

	(void)state;
	assert_int_equal(floe_spec_new(&read.handle, &error), 0);
	assert_int_equal(floe_spec_for_image(read.handle, "web", &error), 0);
	read.findings.arena = &read.handle->spec.arena;
	nspawn_file_apply(&read.handle->spec, &file, &read.findings);
	settings_check_findings(&read, text, "");
	settings_check_spec(&read, text,
			    "-M web --notify-ready=no --link-journal=no --private-network=no");
	settings_free(&read);
}

/* The variables of NixOS's containers are for the host too, but not where an image says them. */
static void images_do_not_address_the_host(void **state)
{
	static const char text[] = E "Environment=PRIVATE_NETWORK=1 HOST_ADDRESS=10.9.0.1 "
				     "LOCAL_ADDRESS=10.9.0.2\n";
	static const struct {
		enum settings_kind kind;
		size_t addresses;
	} rows[] = {{SETTINGS_TRUSTED, 1}, {SETTINGS_UNTRUSTED, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct settings_read read =
			settings_read_text(text, sizeof(text) - 1, rows[i].kind, "-n -D /srv/x");
		struct floe_error error = {0};

		assert_int_equal(read.findings.count, 0);
		assert_int_equal(read.handle->spec.environment_count, 3);
		assert_int_equal(spec_resolve(&read.handle->spec, &error), 0);
		assert_int_equal(read.handle->spec.links.address_count, rows[i].addresses);
		settings_free(&read);
	}
}

/* Even a file that goes before the options does not allow what these deny. */
static void images_do_not_allow_what_is_denied(void **state)
{
	static const char text[] = E "SystemCallFilter=~bpf\nSystemCallFilter=ptrace\n";
	static const char line[] = "--system-call-filter=~ptrace";
	struct settings_read read = {.handle = settings_line(line)};
	struct nspawn_file file = {.text = text, .size = sizeof(text) - 1, .overrides = true};

	(void)state;
	read.findings.arena = &read.handle->spec.arena;
	nspawn_file_apply(&read.handle->spec, &file, &read.findings);
	settings_check_findings(&read, text, "3 warning administrator only");
	settings_check_spec(&read, text, "--system-call-filter=~ptrace --system-call-filter=~bpf");
	settings_free(&read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_files_are_understood_or_refused),
		cmocka_unit_test(secrets_are_not_shown),
		cmocka_unit_test(huge_files_are_refused_soon),
		cmocka_unit_test(empty_values_do_not_touch_the_command_line),
		cmocka_unit_test(groups_are_replaced_as_a_whole),
		cmocka_unit_test(presumptions_give_way),
		cmocka_unit_test(images_do_not_address_the_host),
		cmocka_unit_test(images_do_not_allow_what_is_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
