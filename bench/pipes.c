/* The two ends of a measured relay.
 *
 *   pipes flood LINES RATE BATCH STAMP   writes 120-byte lines to fd 1, BATCH in one write(2), RATE
 *                                        lines a second (0: as fast as it goes); STAMP 1: each line
 *                                        begins with its time
 *   pipes drink STALL_AT STALL_FOR STAMP reads fd 0 to its end; sleeps once, in milliseconds
 *
 * Each prints one JSON object to fd 3 when it is through. Times in microseconds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 120, BUCKETS = 4096, CHUNK = 1 << 20 };

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sleep_until(int64_t at) {
    struct timespec t = {at / 1000000000, at % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0) == EINTR) {}
}

/* A histogram whose buckets grow by 1/64 of an octave: 1 % of resolution at any size. */
static long counts[BUCKETS], total;
static int64_t longest;

static void note(int64_t ns) {
    int octave, slot;
    if (ns > longest) longest = ns;
    if (ns < 64) ns = 64;
    octave = 63 - __builtin_clzll((uint64_t)ns);
    slot = octave * 64 + (int)((ns >> (octave - 6)) & 63);
    counts[slot < BUCKETS ? slot : BUCKETS - 1]++;
    total++;
}

static double quantile(double q) {
    long seen = 0;
    for (int slot = 0; slot < BUCKETS; slot++) {
        seen += counts[slot];
        if (seen && seen >= q * total) return (1LL << (slot / 64)) * (1 + slot % 64 / 64.0) / 1e3;
    }
    return 0;
}

static int flood(long lines, double rate, long batch, int stamp) {
    long pool = (4 << 20) / LINE / batch * batch, done = 0;
    char *text = malloc((size_t)(pool + batch) * LINE);
    uint64_t seed = 88172645463325252ULL;
    for (long i = 0; i < (pool + batch) * LINE; i++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        text[i] = i % LINE == LINE - 1 ? '\n' : "0123456789abcdef LogNet: rtt=."[seed % 30];
    }
    signal(SIGPIPE, SIG_IGN);
    int64_t begin = now();
    while (done < lines) {
        long some = batch < lines - done ? batch : lines - done;
        char *at = text + done % pool * LINE;
        if (rate > 0) sleep_until(begin + (int64_t)(done / rate * 1e9));
        for (long i = 0; stamp && i < some; i++) {
            char digits[32];
            snprintf(digits, sizeof digits, "%019lld ", (long long)now());
            memcpy(at + i * LINE, digits, 20);
        }
        int64_t before = now();
        for (size_t left = (size_t)some * LINE; left;) {
            ssize_t n = write(1, at, left);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return perror("write"), 1;
            at += n, left -= (size_t)n;
        }
        note(now() - before);
        done += some;
    }
    dprintf(3, "{\"lines\": %ld, \"seconds\": %.6f, \"write_p99\": %.1f, \"write_max\": %.1f}\n",
            done, (now() - begin) / 1e9, quantile(.99), longest / 1e3);
    return 0;
}

static int drink(long stall_at, long stall_for, int stamp) {
    static char chunk[CHUNK], head[32];
    int64_t begin = now(), first = 0, bytes = 0, lines = 0;
    int column = 0;
    for (;;) {
        if (stall_for && now() - begin > stall_at * 1000000) {
            sleep_until(now() + stall_for * 1000000);
            stall_for = 0;
        }
        ssize_t n = read(0, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return perror("read"), 1;
        if (!n) break;
        int64_t when = now();
        if (!first) first = when;
        bytes += n;
        for (char *p = chunk, *end = chunk + n; p < end;) {
            char *newline = memchr(p, '\n', (size_t)(end - p));
            size_t length = (size_t)((newline ? newline : end) - p);
            if (stamp && column < 20) {
                size_t k = length < (size_t)(20 - column) ? length : (size_t)(20 - column);
                memcpy(head + column, p, k);
            }
            column = column + (int)length > 20 ? 20 : column + (int)length;
            if (!newline) break;
            if (stamp && column >= 20) note(when - atoll(head));
            column = 0, lines++, p = newline + 1;
        }
    }
    dprintf(3, "{\"bytes\": %lld, \"lines\": %lld, \"seconds\": %.6f, \"late_p50\": %.1f, "
               "\"late_p99\": %.1f, \"late_max\": %.1f}\n",
            (long long)bytes, (long long)lines, first ? (now() - first) / 1e9 : 0.0,
            quantile(.5), quantile(.99), longest / 1e3);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 6 && !strcmp(argv[1], "flood"))
        return flood(atol(argv[2]), atof(argv[3]), atol(argv[4]), atoi(argv[5]));
    if (argc == 5 && !strcmp(argv[1], "drink"))
        return drink(atol(argv[2]), atol(argv[3]), atoi(argv[4]));
    return fprintf(stderr, "see the head of pipes.c\n"), 2;
}
