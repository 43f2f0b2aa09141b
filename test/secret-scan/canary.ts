// Owns secrets and noise for the tests of the scan: random by a seed, so that a failure comes back.

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
/** What passwords are made of at worst: everything that some encoding must escape, and bytes beyond ASCII. */
export const AWKWARD = `${LETTERS} "\\/+=&?%<>#'~!*()$.,;:@[]{}|^\`-_éßж€`;

export function randomText(random: () => number, length: number, alphabet = LETTERS): string {
  const characters = Array.from(alphabet);
  return Array.from({ length }, () => characters[Math.floor(random() * characters.length)]).join('');
}

export function randomBytesOf(random: () => number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}
