/* SPDX-License-Identifier: Apache-2.0
 *
 * The batch greatest common divisor in C with GMP, on two threads: what ours is measured beside.
 *
 *     cc -O2 -o batch-gcd bench/tools/batch-gcd.c -lgmp -lpthread
 *     batch-gcd scaled|classical|binary FILE
 *
 * FILE: moduli of 256 octets each, big-endian, one after the other. Prints one line: the seconds from the moduli in
 * memory to all divisors, how many moduli share something, the most memory that was taken, in kilobytes, and the seconds
 * of processor time.
 *
 *   scaled     what ours does: products and their derivatives up, fractions down (D. J. Bernstein, "Scaled remainder
 *              trees", 2004): one division at the root of each half, multiplications below
 *   classical  what fastgcd does (Heninger and others, 2012): the product of all, reduced modulo squares
 *   binary     Pelofske, arXiv 2405.03166: the divisor of the two products at every node of the tree; it tells which
 *              factors are shared, and a second look is to tell by whom
 */
#include <gmp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { modulus_octets = 256, guard_bits = 64, most_levels = 40 };

static mpz_t *moduli;
static size_t count;

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A tree over count moduli: level 0 is the moduli themselves, and is not a copy. */
struct tree {
  size_t levels;
  size_t width[most_levels];
  mpz_t *product[most_levels];
};

static mpz_t *numbers(size_t many) {
  mpz_t *made = malloc(many * sizeof *made);
  if (made == NULL) exit(3);
  for (size_t at = 0; at < many; at++) mpz_init(made[at]);
  return made;
}

static void drop(mpz_t *made, size_t many) {
  for (size_t at = 0; at < many; at++) mpz_clear(made[at]);
  free(made);
}

static void drop_above_moduli(struct tree *tree) {
  for (size_t level = 1; level < tree->levels; level++) drop(tree->product[level], tree->width[level]);
}

/* Runs a step for each index of a range on two threads, whoever is free taking the next. */
struct shared_work {
  void (*step)(void *, size_t);
  void *argument;
  size_t end;
  size_t next;
  pthread_mutex_t lock;
};

static void *take_turns(void *given) {
  struct shared_work *work = given;
  for (;;) {
    pthread_mutex_lock(&work->lock);
    size_t at = work->next++;
    pthread_mutex_unlock(&work->lock);
    if (at >= work->end) return NULL;
    work->step(work->argument, at);
  }
}

static void on_two_threads(void (*step)(void *, size_t), void *argument, size_t end) {
  struct shared_work work = {step, argument, end, 0, PTHREAD_MUTEX_INITIALIZER};
  pthread_t other;
  if (pthread_create(&other, NULL, take_turns, &work) != 0) exit(3);
  take_turns(&work);
  pthread_join(other, NULL);
}

/* ---- classical ---- */

struct level_step {
  struct tree *tree;
  size_t level;
  mpz_t *above; /* remainders of the level above */
  mpz_t *here;
  char *shares;
};

static void multiply_pair(void *given, size_t at) {
  struct level_step *step = given;
  mpz_t *below = step->tree->product[step->level - 1];
  if (2 * at + 1 < step->tree->width[step->level - 1])
    mpz_mul(step->tree->product[step->level][at], below[2 * at], below[2 * at + 1]);
  else
    mpz_set(step->tree->product[step->level][at], below[2 * at]);
}

static void grow_levels(struct tree *tree, void (*step)(void *, size_t), char *shares) {
  tree->product[0] = moduli;
  tree->width[0] = count;
  tree->levels = 1;
  while (tree->width[tree->levels - 1] > 1) {
    size_t level = tree->levels++;
    tree->width[level] = (tree->width[level - 1] + 1) / 2;
    tree->product[level] = numbers(tree->width[level]);
    struct level_step words = {tree, level, NULL, NULL, shares};
    on_two_threads(step, &words, tree->width[level]);
  }
}

static void reduce_by_square(void *given, size_t at) {
  struct level_step *step = given;
  mpz_t square;
  mpz_init(square);
  mpz_mul(square, step->tree->product[step->level][at], step->tree->product[step->level][at]);
  mpz_mod(step->here[at], step->above[at / 2], square);
  mpz_clear(square);
}

static void divide_and_compare(void *given, size_t at) {
  struct level_step *step = given;
  mpz_t rest;
  mpz_init(rest);
  mpz_divexact(rest, step->here[at], moduli[at]);
  mpz_gcd(rest, rest, moduli[at]);
  step->shares[at] = mpz_cmp_ui(rest, 1) != 0;
  mpz_clear(rest);
}

static void classical(char *shares) {
  struct tree tree;
  grow_levels(&tree, multiply_pair, shares);
  size_t level = tree.levels - 1;
  mpz_t *above = numbers(1);
  mpz_set(above[0], tree.product[level][0]);
  size_t above_width = 1;
  struct level_step words = {&tree, level, above, above, shares};
  while (level-- > 0) {
    mpz_t *here = numbers(tree.width[level]);
    words = (struct level_step){&tree, level, above, here, shares};
    on_two_threads(reduce_by_square, &words, tree.width[level]);
    drop(above, above_width);
    above = here;
    above_width = tree.width[level];
  }
  on_two_threads(divide_and_compare, &words, count);
  drop(above, above_width);
  drop_above_moduli(&tree);
}

/* ---- binary ---- */

static void compare_and_multiply(void *given, size_t at) {
  struct level_step *step = given;
  multiply_pair(given, at);
  if (2 * at + 1 >= step->tree->width[step->level - 1]) return;
  mpz_t *below = step->tree->product[step->level - 1];
  mpz_t common;
  mpz_init(common);
  mpz_gcd(common, below[2 * at], below[2 * at + 1]);
  /* Whose it is would be told by a second look; the node that it was found at is noted. */
  if (mpz_cmp_ui(common, 1) != 0) step->shares[at << step->level] = 1;
  mpz_clear(common);
}

static void binary(char *shares) {
  struct tree tree;
  grow_levels(&tree, compare_and_multiply, shares);
  drop_above_moduli(&tree);
}

/* ---- scaled ---- */

struct half {
  size_t from, many;
  struct tree tree;
  mpz_t *derivative;
  struct half *other;
  char *shares;
};

/* The derivative of a product is, modulo each of its factors, the product of all the others. */
static void *grow_half(void *given) {
  struct half *half = given;
  struct tree *tree = &half->tree;
  tree->product[0] = moduli + half->from;
  tree->width[0] = half->many;
  tree->levels = 1;
  mpz_t *below = numbers(half->many);
  for (size_t at = 0; at < half->many; at++) mpz_set_ui(below[at], 1);
  mpz_t second;
  mpz_init(second);
  while (tree->width[tree->levels - 1] > 1) {
    size_t level = tree->levels++, before = tree->width[level - 1];
    mpz_t *factor = tree->product[level - 1];
    tree->width[level] = (before + 1) / 2;
    tree->product[level] = numbers(tree->width[level]);
    mpz_t *here = numbers(tree->width[level]);
    for (size_t at = 0; at < tree->width[level]; at++) {
      size_t left = 2 * at, right = 2 * at + 1;
      if (right == before) {
        mpz_set(tree->product[level][at], factor[left]);
        mpz_set(here[at], below[left]);
        continue;
      }
      mpz_mul(tree->product[level][at], factor[left], factor[right]);
      mpz_mul(here[at], below[left], factor[right]);
      mpz_mul(second, below[right], factor[left]);
      mpz_add(here[at], here[at], second);
    }
    drop(below, before);
    below = here;
  }
  mpz_clear(second);
  half->derivative = below;
  return NULL;
}

/* fraction / 2^scale goes down: that of a child is it times the other child, without what comes before the point. */
static void descend(struct half *half, size_t level, size_t at, mpz_t fraction, size_t scale) {
  if (level == 0) {
    size_t position = half->from + at;
    mpz_mul(fraction, fraction, moduli[position]);
    mpz_t rounding;
    mpz_init(rounding);
    mpz_setbit(rounding, scale - 1);
    mpz_add(fraction, fraction, rounding);
    mpz_tdiv_q_2exp(fraction, fraction, scale);
    mpz_gcd(rounding, fraction, moduli[position]);
    half->shares[position] = mpz_cmp_ui(rounding, 1) != 0;
    mpz_clear(rounding);
    return;
  }
  size_t left = 2 * at, right = 2 * at + 1;
  if (right == half->tree.width[level - 1]) {
    descend(half, level - 1, left, fraction, scale);
    return;
  }
  mpz_t *factor = half->tree.product[level - 1];
  for (int side = 0; side < 2; side++) {
    size_t child = side == 0 ? left : right, sibling = side == 0 ? right : left;
    size_t bits = mpz_sizeinbase(factor[sibling], 2);
    mpz_t below;
    mpz_init(below);
    mpz_mul(below, fraction, factor[sibling]);
    mpz_tdiv_r_2exp(below, below, scale);
    mpz_tdiv_q_2exp(below, below, bits);
    descend(half, level - 1, child, below, scale - bits);
    mpz_clear(below);
  }
}

static void *compare_half(void *given) {
  struct half *half = given;
  size_t top = half->tree.levels - 1;
  mpz_t *root = &half->tree.product[top][0];
  mpz_t dividend;
  mpz_init(dividend);
  mpz_mod(dividend, half->other->tree.product[half->other->tree.levels - 1][0], *root);
  mpz_mul(dividend, dividend, half->derivative[0]);
  mpz_mod(dividend, dividend, *root);
  size_t scale = mpz_sizeinbase(*root, 2) + guard_bits;
  mpz_mul_2exp(dividend, dividend, scale);
  mpz_tdiv_q(dividend, dividend, *root);
  descend(half, top, 0, dividend, scale);
  mpz_clear(dividend);
  return NULL;
}

static void both_halves(void *(*step)(void *), struct half halves[2]) {
  pthread_t other;
  if (pthread_create(&other, NULL, step, &halves[1]) != 0) exit(3);
  step(&halves[0]);
  pthread_join(other, NULL);
}

static void scaled(char *shares) {
  struct half halves[2];
  memset(halves, 0, sizeof halves);
  halves[0].many = count / 2;
  halves[1].from = count / 2;
  halves[1].many = count - count / 2;
  for (int at = 0; at < 2; at++) {
    halves[at].other = &halves[1 - at];
    halves[at].shares = shares;
  }
  both_halves(grow_half, halves);
  both_halves(compare_half, halves);
  for (int at = 0; at < 2; at++) {
    drop(halves[at].derivative, 1);
    drop_above_moduli(&halves[at].tree);
  }
}

int main(int words, char **word) {
  if (words != 3) return 2;
  FILE *file = fopen(word[2], "rb");
  if (file == NULL) return 2;
  fseek(file, 0, SEEK_END);
  count = (size_t)ftell(file) / modulus_octets;
  rewind(file);
  if (count < 2) return 2;
  moduli = numbers(count);
  unsigned char octets[modulus_octets];
  for (size_t at = 0; at < count; at++) {
    if (fread(octets, modulus_octets, 1, file) != 1) return 2;
    mpz_import(moduli[at], modulus_octets, 1, 1, 1, 0, octets);
  }
  fclose(file);
  /* Of the binary tree one entry a node: up to twice the moduli, rounded up. */
  char *shares = calloc(4 * count + 64, 1);
  if (shares == NULL) return 3;
  double start = seconds();
  if (strcmp(word[1], "scaled") == 0)
    scaled(shares);
  else if (strcmp(word[1], "classical") == 0)
    classical(shares);
  else if (strcmp(word[1], "binary") == 0)
    binary(shares);
  else
    return 2;
  double taken = seconds() - start;
  size_t sharing = 0;
  for (size_t at = 0; at < 4 * count; at++) sharing += (size_t)shares[at];
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double processor = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  printf("%.3f %zu %ld %.3f\n", taken, sharing, usage.ru_maxrss, processor);
  return 0;
}
