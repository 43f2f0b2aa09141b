// Searches for many texts at once: blocks of the texts are indexed, a rolling hash finds candidates, and comparing the
// bytes confirms them.

export interface IndexedText {
  readonly text: Buffer;
  /** This many consecutive bytes of it are a match. */
  readonly minLength: number;
}

/** A range of the searched bytes that is a part of text number `text`. */
export interface Match {
  readonly text: number;
  readonly start: number;
  readonly end: number;
}

/** Bytes per block. No text may be shorter. */
const BLOCK = 8;

/** Any 31 bytes of a text contain a whole block that begins at a multiple of this: 24 - 1 + 8 = 31. */
const STRIDE = 24;

const FACTOR = 0x01_00_01_93;
const MIX = 0x9e_37_79_b1;
const OTHER_MIX = 0x85_eb_ca_6b;

interface Index {
  readonly texts: readonly IndexedText[];
  /** Two bits for each block. Rejects nearly all positions, and fits into the processor's cache. */
  readonly filter: Uint8Array;
  /** First block of each chain (-1: none), and the next block of the same chain. */
  readonly heads: Int32Array;
  readonly nexts: Int32Array;
  readonly blockText: Int32Array;
  readonly blockOffset: Int32Array;
}

const FILTER_BITS = 25;
const HEAD_BITS = 20;
const BIT_SHIFT = 32 - FILTER_BITS;
const HEAD_SHIFT = 32 - HEAD_BITS;

/** Prepares a search that returns every match in the bytes, and only the longest where several begin close together. */
export function createSearch(texts: readonly IndexedText[]): (bytes: Buffer) => Match[] {
  const index = buildIndex(texts);
  return (bytes) => findMatches(index, bytes);
}

function buildIndex(texts: readonly IndexedText[]): Index {
  const [blockText, blockOffset]: [number[], number[]] = [[], []];
  const filter = new Uint8Array(2 ** (FILTER_BITS - 3));
  const heads = new Int32Array(2 ** HEAD_BITS).fill(-1);
  const nexts: number[] = [];
  texts.forEach(({ text, minLength }, number) => {
    for (const offset of blockOffsets(text, minLength)) {
      const hash = hashAt(text, offset);
      for (const bit of [mix(hash, MIX) >>> BIT_SHIFT, mix(hash, OTHER_MIX) >>> BIT_SHIFT]) {
        filter[bit >>> 3] = (filter[bit >>> 3] ?? 0) | (1 << (bit & 7));
      }
      const head = mix(hash, MIX) >>> HEAD_SHIFT;
      nexts.push(heads[head] ?? -1);
      heads[head] = blockText.length;
      blockText.push(number);
      blockOffset.push(offset);
    }
  });
  const [packedText, packedOffset] = [Int32Array.from(blockText), Int32Array.from(blockOffset)];
  return {
    texts,
    filter,
    heads,
    nexts: Int32Array.from(nexts),
    blockText: packedText,
    blockOffset: packedOffset,
  };
}

/** A text that only matches as a whole needs only its first block. */
function blockOffsets(text: Buffer, minLength: number): number[] {
  if (text.length < BLOCK) throw new Error(`A text of ${text.length} bytes is shorter than a block.`);
  if (minLength === text.length) return [0];
  if (minLength < STRIDE - 1 + BLOCK)
    throw new Error(`Parts of ${minLength} bytes may contain no whole block.`);
  return Array.from({ length: Math.floor((text.length - BLOCK) / STRIDE) + 1 }, (_, i) => i * STRIDE);
}

function findMatches(index: Index, bytes: Buffer): Match[] {
  const matches: Match[] = [];
  const last = bytes.length - BLOCK;
  const { filter } = index;
  const leaving = power(FACTOR, BLOCK);
  let hash = hashAt(bytes, 0);
  for (let at = 0; ;) {
    if (isSet(filter, mix(hash, MIX) >>> BIT_SHIFT) && isSet(filter, mix(hash, OTHER_MIX) >>> BIT_SHIFT)) {
      const match = longestNear(index, bytes, at, last);
      if (match !== undefined) {
        matches.push(match);
        // By chance, the match may include the first characters of the next one.
        at = Math.max(at + 1, match.end - BLOCK + 1);
        if (at > last) return matches;
        hash = hashAt(bytes, at);
        continue;
      }
    }
    if (at >= last) return matches;
    hash = (Math.imul(hash, FACTOR) + (bytes[at + BLOCK] ?? 0) - Math.imul(bytes[at] ?? 0, leaving)) | 0;
    at += 1;
  }
}

/**
 * The longest match whose block begins here or within a stride. A text with few escapes shares long ranges with its
 * encoded forms, whose blocks may come first.
 */
function longestNear(index: Index, bytes: Buffer, at: number, last: number): Match | undefined {
  let longest = longestAt(index, bytes, at);
  if (longest === undefined) return undefined;
  const end = Math.min(at + STRIDE - 1, last);
  for (let next = at + 1; next <= end; next += 1) longest = longer(longest, longestAt(index, bytes, next));
  return longest;
}

function longestAt(index: Index, bytes: Buffer, at: number): Match | undefined {
  let longest: Match | undefined;
  const head = mix(hashAt(bytes, at), MIX) >>> HEAD_SHIFT;
  for (let block = index.heads[head] ?? -1; block >= 0; block = index.nexts[block] ?? -1) {
    const number = index.blockText[block] ?? 0;
    longest = longer(longest, extendMatch(index, number, index.blockOffset[block] ?? 0, bytes, at));
  }
  return longest;
}

/** Of equally long matches, the one with the earlier text. */
function longer(one: Match | undefined, other: Match | undefined): Match | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const difference = other.end - other.start - (one.end - one.start);
  return difference > 0 || (difference === 0 && other.text < one.text) ? other : one;
}

function extendMatch(
  index: Index,
  number: number,
  offset: number,
  bytes: Buffer,
  at: number,
): Match | undefined {
  const searched = index.texts[number];
  if (searched === undefined) return undefined;
  const { text, minLength } = searched;
  let after = 0;
  while (
    offset + after < text.length &&
    at + after < bytes.length &&
    text[offset + after] === bytes[at + after]
  ) {
    after += 1;
  }
  if (after < BLOCK) return undefined; // only the hash was the same
  let before = 0;
  while (before < offset && before < at && text[offset - before - 1] === bytes[at - before - 1]) before += 1;
  return before + after < minLength ? undefined : { text: number, start: at - before, end: at + after };
}

function hashAt(bytes: Buffer, at: number): number {
  let hash = 0;
  for (let i = at; i < at + BLOCK; i += 1) hash = (Math.imul(hash, FACTOR) + (bytes[i] ?? 0)) | 0;
  return hash;
}

/** Spreads a hash over the upper bits. */
function mix(hash: number, factor: number): number {
  return Math.imul(hash ^ (hash >>> 15), factor);
}

function isSet(bits: Uint8Array, bit: number): boolean {
  return ((bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i += 1) result = Math.imul(result, base);
  return result;
}
