// Checks that nothing of the baseline got lost: neither the contract with users, nor a test. `--record contract` and
// `--record titles` write the baseline again.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compareContract, compareTitles, type Changes, type GoneTitles } from './compare-baseline.js';
import { listContract } from './contract.js';
import { listTitles } from './list-titles.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = 'test/baseline';
/** Of another version of Node, titles with words of Node's own may differ. */
const NODE_MAJOR = '20';

interface BaselineFiles {
  readonly contract: readonly string[];
  readonly titles: readonly string[];
  readonly changes: Changes;
  readonly 'titles-gone': readonly GoneTitles[];
}

function readBaseline<Name extends keyof BaselineFiles>(name: Name): BaselineFiles[Name] {
  return JSON.parse(readFileSync(`${ROOT}/${FOLDER}/${name}.json`, 'utf8')) as BaselineFiles[Name];
}

function record(name: 'contract' | 'titles', list: readonly string[]): void {
  writeFileSync(`${ROOT}/${FOLDER}/${name}.json`, `${JSON.stringify(list, null, 2)}\n`);
  print(`${FOLDER}/${name}.json: recorded ${list.length} items`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function checkContract({ renamed, removed }: Changes): string[] {
  const recorded = readBaseline('contract');
  const current = listContract();
  print(`contract: ${recorded.length} items recorded, ${current.length} today`);
  return compareContract(recorded, current, { renamed, removed });
}

async function checkTitles({ words }: Changes): Promise<string[]> {
  if (process.versions.node.split('.')[0] !== NODE_MAJOR) {
    print(`titles of tests: skipped, compared under Node ${NODE_MAJOR} alone`);
    return [];
  }
  const recorded = readBaseline('titles');
  const gone = readBaseline('titles-gone');
  const { problems, added } = compareTitles(recorded, await listTitles(ROOT), gone, words);
  print(`titles of tests: ${recorded.length} recorded, ${added} added since`);
  return problems;
}

function report(problems: readonly string[]): number {
  for (const problem of problems) process.stderr.write(`${FOLDER}: ${problem}\n`);
  return problems.length;
}

async function main([flag, name, ...more]: readonly string[]): Promise<number> {
  if (flag === undefined) {
    const changes = readBaseline('changes');
    // One after the other: what the contract lost may be why the tests cannot be loaded.
    const lost = report(checkContract(changes)) + report(await checkTitles(changes));
    return lost === 0 ? 0 : 1;
  }
  if (flag !== '--record' || (name !== 'contract' && name !== 'titles') || more.length > 0) {
    process.stderr.write('Usage: npm run baseline -- [--record contract|titles]\n');
    return 2;
  }
  record(name, name === 'contract' ? listContract() : await listTitles(ROOT));
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
