import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../../docs/decisions/', import.meta.url);
const NAME = /^(\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.md$/;
const SECTIONS = ['Context', 'Decision', 'Alternatives considered', 'Consequences'];
const LINK = String.raw`\[\d{4}\]\(\d{4}-[a-z0-9-]+\.md\)`;
const STATUS = new RegExp(`^(Accepted|Superseded (in part )?by ${LINK}(, ${LINK})*)$`);
/** Each relation of a record to another one, with the relation that the other one states. */
const RELATIONS = [
  { from: 'Superseded by', to: 'Supersedes' },
  { from: 'Superseded in part by', to: 'Supersedes in part' },
  { from: 'Extended by', to: 'Extends' },
];

interface DecisionRecord {
  readonly name: string;
  readonly text: string;
  readonly title: string;
  /** The list below the title: `Date`, `Status` and relations. */
  readonly head: ReadonlyMap<string, string>;
  readonly sections: ReadonlyMap<string, string>;
}

function readDecision(name: string): DecisionRecord {
  const text = readFileSync(new URL(name, FOLDER), 'utf8');
  const [head = '', ...sections] = text.split(/^## /m);
  const items = head.matchAll(/^- ([A-Z][a-z ]+): (.+(?:\n {2}.+)*)$/gm);
  return {
    name,
    text,
    title: /^# (.+)\n/.exec(head)?.[1] ?? '',
    head: new Map([...items].map(([, key = '', value = '']) => [key, value.replaceAll(/\s+/g, ' ')])),
    sections: new Map(sections.map((section) => splitAt(section, '\n'))),
  };
}

function splitAt(text: string, separator: string): [before: string, after: string] {
  const index = text.indexOf(separator);
  return [text.slice(0, index), text.slice(index + separator.length).trim()];
}

/** The records that a line of the head links to; `Superseded by` is part of `Status`. */
function findRelated({ head }: DecisionRecord, relation: string): string[] {
  const status = head.get('Status') ?? '';
  const line = status.startsWith(`${relation} `) ? status : (head.get(relation) ?? '');
  return [...line.matchAll(/\[(\d{4})\]\((\d{4}-[^)]+)\)/g)].map(([, number = '', name = '']) => {
    assert.equal(name.slice(0, 4), number, line);
    return name;
  });
}

describe('the decision records', () => {
  const names = readdirSync(FOLDER)
    .filter((name) => name !== 'README.md')
    .sort();
  const records = names.map(readDecision);

  it('are numbered from 0001 on, without gaps and duplicates', () => {
    for (const [index, { name, title }] of records.entries()) {
      assert.equal(Number(NAME.exec(name)?.[1]), index + 1, name);
      assert.match(title, new RegExp(`^${index + 1}\\. \\S`), name);
    }
  });

  it('have a date, not before that of the previous record, and a status', () => {
    let previous = '';
    for (const { name, head } of records) {
      const date = head.get('Date') ?? '';
      assert.match(date, /^\d{4}-\d{2}-\d{2}$/, name);
      assert.ok(date >= previous, name);
      assert.match(head.get('Status') ?? '', STATUS, name);
      previous = date;
    }
  });

  it('have the same sections, none of them empty', () => {
    for (const { name, sections } of records) {
      assert.deepEqual([...sections.keys()], SECTIONS, name);
      for (const [title, text] of sections) assert.notEqual(text, '', `${name}: ${title}`);
    }
  });

  it('link to the records that they supersede or extend, and back', () => {
    for (const { from, to } of RELATIONS) {
      const listPairs = (relation: string, order: (pair: [string, string]) => string[]): string[] =>
        records
          .flatMap((record) =>
            findRelated(record, relation).map((other) => order([record.name, other]).join(' -> ')),
          )
          .sort();
      const forward = listPairs(from, (pair) => pair);
      assert.ok(forward.length > 0, from);
      assert.deepEqual(
        forward,
        listPairs(to, ([newer, older]) => [older, newer]),
        from,
      );
    }
  });

  it('link only to records that exist', () => {
    for (const { name, text } of records) {
      for (const [, target = ''] of text.matchAll(/\]\((\d[^)#]*)\)/g)) {
        assert.ok(names.includes(target), `${name}: ${target}`);
      }
    }
  });

  it('are all in the index, with title, date and status', () => {
    const index = readFileSync(new URL('README.md', FOLDER), 'utf8');
    const items = index.match(/^- .+(?:\n {2}.+)*$/gm) ?? [];
    const expected = records.map(({ name, title, head }) => {
      const status = head.get('Status') ?? '';
      const suffix = status === 'Accepted' ? '' : `, ${status[0]?.toLowerCase()}${status.slice(1)}`;
      return `- [${name.slice(0, 4)}](${name}): ${title.replace(/^\d+\. /, '')} (${head.get('Date')}${suffix})`;
    });
    assert.deepEqual(
      items.map((item) => item.replaceAll(/\s+/g, ' ')),
      expected,
    );
  });
});
