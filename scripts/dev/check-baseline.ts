// Checks that no item of the contract with users and no test of the baseline was lost. `--record contract` and
// `--record titles` rewrite the baseline.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compareContract, compareTitles, type Changes, type GoneTitles } from './compare-baseline.js';
import { listContract } from './contract.js';
import { listTitles } from './list-titles.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = 'test/baseline';
/** Some titles contain Node's messages, which differ between Node versions. */
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
  print(`contract: ${recorded.length} items recorded, ${current.length} now`);
  return compareContract(recorded, current, { renamed, removed });
}

async function checkTitles({ words }: Changes): Promise<string[]> {
  if (process.versions.node.split('.')[0] !== NODE_MAJOR) {
    print(`test titles: skipped, compared only under Node ${NODE_MAJOR}`);
    return [];
  }
  const recorded = readBaseline('titles');
  const gone = readBaseline('titles-gone');
  const { problems, added } = compareTitles(recorded, await listTitles(ROOT), gone, words);
  print(`test titles: ${recorded.length} recorded, ${added} added since`);
  return problems;
}

function report(problems: readonly string[]): number {
  for (const problem of problems) process.stderr.write(`${FOLDER}: ${problem}\n`);
  return problems.length;
}

async function main([flag, name, ...more]: readonly string[]): Promise<number> {
  if (flag === undefined) {
    const changes = readBaseline('changes');
    // In this order: a change of the contract can be the reason why the tests cannot be loaded.
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
