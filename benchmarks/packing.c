/* Best fit and sum of squares over counts of open bins by what they have left, as a yardstick for benchmarks/packing.py. */

#include <stdint.h>

#define LARGEST 1023

static int64_t counts[LARGEST + 1];
static uint64_t occurs[(LARGEST + 64) / 64];

static void add(int64_t level) {
    if (counts[level]++ == 0) occurs[level >> 6] |= UINT64_C(1) << (level & 63);
}

static void take(int64_t level) {
    if (--counts[level] == 0) occurs[level >> 6] &= ~(UINT64_C(1) << (level & 63));
}

/* The lowest level of at least `from` that an open bin has, or cap where there is none. */
static int64_t next(int64_t from, int64_t cap) {
    for (int64_t word = from >> 6; word <= cap >> 6; word++) {
        uint64_t bits = occurs[word];
        if (word == from >> 6) bits &= ~UINT64_C(0) << (from & 63);
        if (bits) return (word << 6) + __builtin_ctzll(bits);
    }
    return cap;
}

static void clear(void) {
    for (int64_t r = 0; r <= LARGEST; r++) counts[r] = 0;
    for (int64_t w = 0; w < (int64_t)(sizeof occurs / sizeof *occurs); w++) occurs[w] = 0;
}

int64_t best_fit(const int64_t *items, int64_t n, int64_t cap) {
    int64_t bins = 0;
    clear();
    for (int64_t t = 0; t < n; t++) {
        int64_t level = next(items[t], cap);
        if (level == cap) bins++; else take(level);
        add(level - items[t]);
    }
    return bins;
}

int64_t sum_of_squares(const int64_t *items, int64_t n, int64_t cap) {
    int64_t bins = 0;
    clear();
    for (int64_t t = 0; t < n; t++) {
        int64_t item = items[t], best = 0, least = INT64_MAX;
        for (int64_t level = next(item, cap);; level = level < cap ? next(level + 1, cap) : cap + 1) {
            if (level > cap) break;
            int64_t gap = level - item, change = 0;
            if (gap > 0) change += 2 * counts[gap] + 1;
            if (level < cap) change -= 2 * counts[level] - 1;
            if (change < least) least = change, best = level;
        }
        if (best == cap) bins++; else take(best);
        add(best - item);
    }
    return bins;
}
