/* A game server: game [silent|busy|flood|crowd N MIB|env|cost]. It saves on SIGTERM. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static void on_term(int signum) {
    (void)signum;
    if (write(1, "saved\n", 6) != 6) _exit(9);
    _exit(0);
}

static void hold(size_t mib) {
    char *memory = malloc(mib << 20);
    if (!memory) _exit(3);
    for (size_t at = 0; at < mib << 20; at += 4096) memory[at] = 1;
    for (;;) pause();
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    signal(SIGTERM, on_term);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("game: first line\n");
    if (!strcmp(mode, "env"))
        for (char **each = environ; *each; each++) printf("env %s\n", *each);
    if (!strcmp(mode, "cost")) { /* what PID 1 has cost until now, in ns */
        char text[64] = "";
        FILE *file = fopen("/proc/1/schedstat", "r");
        if (!file || !fgets(text, sizeof text, file)) return 4;
        printf("cost %s", text);
        return 0;
    }
    if (!strcmp(mode, "silent"))
        for (;;) pause();
    if (!strcmp(mode, "busy"))
        for (;;) continue;
    if (!strcmp(mode, "crowd"))
        for (int left = atoi(argv[2]); left; left--)
            if (!fork()) hold((size_t)atoi(argv[3]));
    for (long n = 1;; n++) {
        printf("line %ld\n", n);
        if (strcmp(mode, "flood")) usleep(100000);
    }
}
