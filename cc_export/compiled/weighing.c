/* Blocks of float32 values, all of them finite, weighed as cc_core.weighing does it with numpy.
 *
 * What each number means is defined there. Places, steps and counts are the same to the bit. Sums are float64
 * in both; here eight of them add up side by side, in the same order on every processor, so that one may
 * differ in its last digits. Products of two float32 are exact in float64, so it is the same with and without
 * fused instructions. Nothing is allocated, and nothing but the tally and what it points to is touched.
 *
 * A block is looked at piece by piece, so that what is read once stays at hand; integers and sums have loops of
 * their own, which compilers turn into vector instructions.
 */
#include <stdint.h>
#include <string.h>

#ifdef _WIN32
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

#define LANES 4
typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef double Doubles __attribute__((vector_size(8 * LANES)));

/* Values of a piece: with two references and its places it fills a quarter of a first-level cache. */
#define PIECE 512
/* Steps of change, and the bits that a step takes in a place. */
#define STEPS 7
#define STEP_BITS 3

/* Bits of a float32: all but the sign, and those of infinity. Four times as much is 1 << FOURFOLD more. */
#define MAGNITUDE 0x7fffffff
#define INFINITE 0x7f800000
#define FOURFOLD 24

/* Another tensor of the same shape: its block r, then running sums Σr² and Σ(r-t)² of each channel, Σr·t, the
 * largest |r-t| and how many pairs are equal. Step 0 of |r-t| begins at the float32 whose bits are lowest. */
typedef struct {
    const float *values;
    double *signal, *noise;
    double product, largest;
    int64_t same;
    int32_t lowest;
} Reference;

/* A tensor: its block t, of which value i is of channel (start + i) / inner % channels; bins floor(t · scale) -
 * first, counted in joint by bin and steps; then running sums Σt² of each channel and of all, Σt, and how many
 * values are zero. */
typedef struct {
    const float *values;
    int64_t size, start, channels, inner;
    Reference *references;
    int32_t compared, first;
    float scale, low, high;
    int64_t *joint;
    double *power;
    double squares, total;
    int64_t zeros;
} Tally;

static inline int32_t bits_of(float value)
{
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float float_of(int32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* An integer for the bits of each float32, in the same order, and the other way round. */
static inline int32_t ordered(int32_t bits)
{
    return bits ^ ((bits >> 31) & MAGNITUDE);
}

static inline int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline Floats load(const float *from)
{
    Floats values;
    memcpy(&values, from, sizeof values);
    return values;
}

static inline Doubles wide(Floats values)
{
    return __builtin_convertvector(values, Doubles);
}

static inline double sum(Doubles one, Doubles other)
{
    Doubles lanes = one + other;
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

/* Least and greatest of some values into bounds[2]; 0 where one of them is NaN or infinite. */
static int32_t find_bounds(const float *values, int64_t size, float *bounds)
{
    int32_t low = INT32_MAX, high = INT32_MIN;
    for (int64_t i = 0; i < size; i++) {
        int32_t order = ordered(bits_of(values[i]));
        low = order < low ? order : low;
        high = order > high ? order : high;
    }
    bounds[0] = float_of(ordered(low));
    bounds[1] = float_of(ordered(high));
    /* NaN are beyond the infinities. */
    return low > ordered(INT32_MIN | INFINITE) && high < INFINITE;
}

/* index = (floor(t · scale) - first) << shift; gives the number of zeros. */
static int32_t find_places(const float *t, int64_t size, float scale, int32_t first, int32_t shift, int32_t *index)
{
    int32_t zeros = 0;
    for (int64_t i = 0; i < size; i++) {
        float scaled = t[i] * scale;
        int32_t whole = (int32_t)scaled;
        whole -= (float)whole > scaled;
        index[i] = (int32_t)((uint32_t)(whole - first) << shift);
        zeros += t[i] == 0;
    }
    return zeros;
}

/* Puts the step of each |r-t|, which is rounded once to float32, into index. */
static void find_steps(const float *t, Reference *reference, const float *r, int64_t size, int32_t shift, int32_t *index)
{
    const int32_t lowest = reference->lowest, highest = lowest + ((STEPS - 1) << FOURFOLD);
    int32_t same = 0, largest = 0;
    for (int64_t i = 0; i < size; i++) {
        int32_t bits = bits_of(r[i] - t[i]) & MAGNITUDE;
        largest = bits > largest ? bits : largest;
        same += bits == 0;
        bits = bits > lowest ? bits : lowest;
        bits = bits < highest ? bits : highest;
        index[i] |= ((bits - lowest) >> FOURFOLD) << shift;
    }
    reference->same += same;
    if (float_of(largest) > reference->largest)
        reference->largest = float_of(largest);
}

/* Adds values of one channel. */
static void add_values(Tally *tally, const float *t, int64_t size, double *power)
{
    Doubles total = {0}, total2 = {0}, squares = {0}, squares2 = {0};
    double rest = 0, rest_squares = 0;
    int64_t i = 0;
    for (; i + 2 * LANES <= size; i += 2 * LANES) {
        Doubles value = wide(load(t + i)), value2 = wide(load(t + i + LANES));
        total += value;
        total2 += value2;
        squares += value * value;
        squares2 += value2 * value2;
    }
    for (; i < size; i++) {
        rest += t[i];
        rest_squares += (double)t[i] * t[i];
    }
    double all = sum(squares, squares2) + rest_squares;
    *power += all;
    tally->squares += all;
    tally->total += sum(total, total2) + rest;
}

/* Adds values of as many channels. */
static void add_row(Tally *tally, const float *t, int64_t size, double *power)
{
    double apart = 0;
    add_values(tally, t, size, &apart);
    for (int64_t i = 0; i < size; i++)
        power[i] += (double)t[i] * t[i];
}

/* Adds pairs of values of one channel. */
static void add_pairs(Reference *reference, const float *t, const float *r, int64_t size, double *signal, double *noise)
{
    Doubles product = {0}, product2 = {0}, squares = {0}, squares2 = {0}, gaps = {0}, gaps2 = {0};
    double rest = 0, rest_squares = 0, rest_gaps = 0;
    int64_t i = 0;
    for (; i + 2 * LANES <= size; i += 2 * LANES) {
        Floats own = load(t + i), own2 = load(t + i + LANES);
        Floats other = load(r + i), other2 = load(r + i + LANES);
        Doubles value = wide(other), value2 = wide(other2);
        Doubles gap = wide(other - own), gap2 = wide(other2 - own2);
        product += value * wide(own);
        product2 += value2 * wide(own2);
        squares += value * value;
        squares2 += value2 * value2;
        gaps += gap * gap;
        gaps2 += gap2 * gap2;
    }
    for (; i < size; i++) {
        float gap = r[i] - t[i];
        rest += (double)r[i] * t[i];
        rest_squares += (double)r[i] * r[i];
        rest_gaps += (double)gap * gap;
    }
    reference->product += sum(product, product2) + rest;
    *signal += sum(squares, squares2) + rest_squares;
    *noise += sum(gaps, gaps2) + rest_gaps;
}

/* Adds pairs of values of as many channels. */
static void add_pair_row(Reference *reference, const float *t, const float *r, int64_t size, double *signal, double *noise)
{
    double apart = 0, gaps = 0;
    add_pairs(reference, t, r, size, &apart, &gaps);
    for (int64_t i = 0; i < size; i++) {
        float gap = r[i] - t[i];
        signal[i] += (double)r[i] * r[i];
        noise[i] += (double)gap * gap;
    }
}

/* Adds the sums of a piece, from value number ``at`` of the block on. */
static void add_sums(Tally *tally, int64_t at, int64_t size)
{
    const int64_t channels = tally->channels, inner = tally->inner, end = at + size;
    while (at < end) {
        /* A row is of one channel; where each value is of its own, it has one of each. */
        int64_t number = tally->start + at, row, channel;
        if (inner == 1) {
            channel = number % channels;
            row = least(channels - channel, end - at);
            add_row(tally, tally->values + at, row, tally->power + channel);
        } else {
            channel = number / inner % channels;
            row = least(inner - number % inner, end - at);
            add_values(tally, tally->values + at, row, tally->power + channel);
        }
        for (int32_t k = 0; k < tally->compared; k++) {
            Reference *reference = tally->references + k;
            (inner == 1 ? add_pair_row : add_pairs)(reference, tally->values + at, reference->values + at, row,
                                                    reference->signal + channel, reference->noise + channel);
        }
        at += row;
    }
}

/* Which form of Tally this is; 0 where this processor lacks what the code needs. */
EXPORTED int32_t cc_version(void)
{
#ifdef __AVX2__
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return 0;
#endif
    return 1;
}

/* Finds low and high of a tally's block, of some values; 0 where a value, or a reference's, is NaN or infinite. */
EXPORTED int32_t cc_bounds(Tally *tally)
{
    float bounds[2], ignored[2];
    int32_t finite = find_bounds(tally->values, tally->size, bounds);
    for (int32_t k = 0; finite && k < tally->compared; k++)
        finite = find_bounds(tally->references[k].values, tally->size, ignored);
    tally->low = bounds[0];
    tally->high = bounds[1];
    return finite;
}

/* Adds a tally's block, all of it finite and within its bins. */
EXPORTED void cc_add(Tally *tally)
{
    int32_t index[PIECE];
    for (int64_t at = 0; at < tally->size; at += PIECE) {
        int64_t size = least(PIECE, tally->size - at);
        const float *t = tally->values + at;
        tally->zeros += find_places(t, size, tally->scale, tally->first, STEP_BITS * tally->compared, index);
        for (int32_t k = 0; k < tally->compared; k++)
            find_steps(t, tally->references + k, tally->references[k].values + at, size, STEP_BITS * k, index);
        for (int64_t i = 0; i < size; i++)
            tally->joint[index[i]]++;
        add_sums(tally, at, size);
    }
}
