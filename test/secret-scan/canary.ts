// Secrets and noise for the tests of the scan, random from a seed, so that a failure can be reproduced.

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
export const BASE64 = `${LETTERS}+/`;
/** The worst characters for passwords: everything that some encoding escapes, and non-ASCII characters. */
export const AWKWARD = `${LETTERS} "\\/+=&?%<>#'~!*()$.,;:@[]{}|^\`-_éßж€`;

export function randomText(random: () => number, length: number, alphabet = LETTERS): string {
  const characters = Array.from(alphabet);
  return Array.from({ length }, () => characters[Math.floor(random() * characters.length)]).join('');
}

export function randomBytes(random: () => number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}
