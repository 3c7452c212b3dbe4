/* SPDX-License-Identifier: MIT */
/* doctor.h - ums-mcp doctor: an installation looked over, and a mend for each fault; ums-mcp(8). */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

/* Run it; argv[0] is "doctor". `config` is the configuration, unless an option names one. */
int	 doctor_run(int argc, char *const *argv, const char *config);

#endif
