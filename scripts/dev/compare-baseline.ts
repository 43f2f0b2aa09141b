// Compares the recorded baseline with the current code. Each function is pure and returns one line per problem.

/** test/baseline/changes.json: intended changes of baseline items. */
export interface Changes {
  /** From the old item of the contract to the new one. */
  readonly renamed: Readonly<Record<string, string>>;
  /** From the old item of the contract to the reason for its removal. */
  readonly removed: Readonly<Record<string, string>>;
  /** Identifiers in titles that were renamed everywhere, from old to new. */
  readonly words: Readonly<Record<string, string>>;
}

/** An entry of test/baseline/titles-gone.json. */
export interface GoneTitles {
  readonly reason: string;
  /** As recorded, before `words` of the changes is applied. */
  readonly titles: readonly string[];
}

export function compareContract(
  recorded: readonly string[],
  current: readonly string[],
  { renamed, removed }: Pick<Changes, 'renamed' | 'removed'>,
): string[] {
  const old = new Set(recorded);
  const now = new Set(current);
  const isNoted = (item: string): boolean => Object.hasOwn(renamed, item) || Object.hasOwn(removed, item);
  const lost = recorded.filter((item) => !now.has(item) && !isNoted(item));
  return [
    ...lost.map(
      (item) =>
        `"${item}" is missing: restore it, or add it under \`renamed\` or \`removed\` of changes.json`,
    ),
    ...Object.entries(renamed).flatMap(([item, name]) =>
      now.has(name)
        ? []
        : [`"${item}" became "${name}", which does not exist: fix \`renamed\` of changes.json`],
    ),
    ...Object.entries(removed).flatMap(([item, reason]) =>
      reason.trim() === '' ? [`"${item}" has no reason: add one under \`removed\` of changes.json`] : [],
    ),
    ...Object.keys(renamed).flatMap((item) =>
      Object.hasOwn(removed, item)
        ? [`"${item}" is both renamed and removed: delete one of the two entries in changes.json`]
        : [],
    ),
    ...[...Object.keys(renamed), ...Object.keys(removed)].flatMap((item) => {
      if (!old.has(item))
        return [`"${item}" is not in the recorded contract: fix or delete its entry in changes.json`];
      return now.has(item) ? [`"${item}" still exists: delete its entry in changes.json`] : [];
    }),
  ];
}

export function compareTitles(
  recorded: readonly string[],
  current: readonly string[],
  gone: readonly GoneTitles[],
  words: Changes['words'],
): { problems: string[]; added: number } {
  const left = countAll(current);
  const lost = recorded.filter((title) => !take(left, replaceWords(title, words)));
  const unexplained = countAll(lost);
  const explained = gone.flatMap(({ titles }) => titles);
  const unneeded = explained.filter((title) => !take(unexplained, title));
  const old = new Set(recorded);
  const problems = [
    ...[...unexplained].flatMap(([title, count]) =>
      Array.from(
        { length: count },
        () => `the test "${title}" is missing: restore it, or explain it in a group of titles-gone.json`,
      ),
    ),
    ...unneeded.map((title) =>
      old.has(title)
        ? `the test "${title}" still exists: delete it from its group in titles-gone.json`
        : `"${title}" is not a recorded title: fix or delete it in titles-gone.json`,
    ),
    ...gone.flatMap(({ reason, titles }) =>
      reason.trim() === ''
        ? [`the group of "${titles[0] ?? ''}" has no reason: add one in titles-gone.json`]
        : [],
    ),
    ...findUnusedWords(recorded, words).map(
      (word) => `"${word}" does not occur in the recorded titles: delete it from \`words\` of changes.json`,
    ),
  ];
  return { problems, added: [...left.values()].reduce((sum, count) => sum + count, 0) };
}

/** Replaces all words at once, so that two words can be swapped. */
export function replaceWords(title: string, words: Changes['words']): string {
  const olds = Object.keys(words);
  if (olds.length === 0) return title;
  return title.replace(wholeWords(olds), (word) => words[word] ?? word);
}

function findUnusedWords(titles: readonly string[], words: Changes['words']): string[] {
  const text = titles.join('\n');
  return Object.keys(words).filter((word) => !wholeWords([word]).test(text));
}

/** The longest word first, so that `token cache` matches before `token`. */
function wholeWords(words: readonly string[]): RegExp {
  const choices = words
    .toSorted((a, b) => b.length - a.length)
    .map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(`(?<!\\w)(?:${choices.join('|')})(?!\\w)`, 'g');
}

function countAll(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

/** Removes one occurrence of an item; false when none is left. */
function take(counts: Map<string, number>, item: string): boolean {
  const count = counts.get(item) ?? 0;
  if (count > 1) counts.set(item, count - 1);
  else counts.delete(item);
  return count > 0;
}
