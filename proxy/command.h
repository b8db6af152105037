/*
 * The subcommands.  Each gets its own argv (argv[0] is the subcommand) and
 * returns the exit status; each handles -c FILE and --help by itself with
 * getopt_long.  Usage errors: one line on standard error, status 2.
 */
#ifndef PROXY_COMMAND_H
#define PROXY_COMMAND_H

int command_run(int argc, char **argv);        /* proxy/parent.c */
int command_check(int argc, char **argv);      /* proxy/cmd_check.c */
int command_scan(int argc, char **argv);       /* proxy/cmd_scan.c */
int command_collect(int argc, char **argv);    /* proxy/cmd_collect.c */
int command_replay(int argc, char **argv);     /* proxy/cmd_replay.c */
int command_activities(int argc, char **argv); /* proxy/cmd_activities.c */
int command_detectors(int argc, char **argv);  /* proxy/cmd_detectors.c */
int command_evidence(int argc, char **argv);   /* proxy/cmd_evidence.c */
int command_names(int argc, char **argv);      /* proxy/cmd_names.c */
int command_ca(int argc, char **argv);         /* proxy/cmd_ca.c */
int command_edm(int argc, char **argv);        /* proxy/cmd_edm.c */
int command_demo(int argc, char **argv);       /* proxy/cmd_demo.c */
int command_user(int argc, char **argv);       /* proxy/cmd_user.c */
/* proxy/cmd_fingerprint.c */
int command_fingerprint(int argc, char **argv);
/* Internal: one role of a running gateway, started by the parent. */
int command_role(int argc, char **argv); /* proxy/role.c */
/* Internal: the text of one document, started by role and commands. */
int command_extract(int argc, char **argv); /* proxy/cmd_extract.c */

#endif
