import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { useConfigFolder, VALID } from '../config/config-folder.js';
import { isForUsers, readPages } from './markdown.js';

/** The sections of refresh.yaml. A block may show some of them. */
const SECTIONS = ['version', 'airflows', 'registries', 'docker', 'schedule', 'temporal'];

describe('the YAML in the documents that is a refresh.yaml', () => {
  const write = useConfigFolder();

  it('is a valid configuration, with the sections that it does not show', async () => {
    const blocks = (await readPages())
      .filter(isForUsers)
      .flatMap(({ path, nodes }) =>
        nodes
          .filter(({ type, lang }) => type === 'code' && (lang === 'yaml' || lang === 'yml'))
          .map(({ value = '', position }) => ({ place: `${path}:${position.start.line}`, value })),
      );
    const problems = blocks.flatMap(({ place, value }) => {
      const sections = parse(value) as Record<string, unknown>;
      if (!Object.keys(sections).some((key) => SECTIONS.includes(key))) return [];
      const missing = Object.entries(parse(VALID) as object).filter(([key]) => !(key in sections));
      return [{ place, problem: findProblem(value, missing) }];
    });
    assert.ok(problems.length >= 5);
    assert.deepEqual(
      problems.filter(({ problem }) => problem !== undefined),
      [],
    );
  });

  function findProblem(yaml: string, missing: readonly [string, unknown][]): string | undefined {
    const added = missing.map(([key, section]) => `${key}: ${JSON.stringify(section)}`);
    // Secrets: each variable is set, and each file exists in the folder of the configuration.
    const env: NodeJS.ProcessEnv = { AIRFLOW_PASSWORD: 'secret' };
    for (const [, name = ''] of yaml.matchAll(/\benv: (\w+)/g)) env[name] = 'secret';
    const text = yaml.replaceAll(/\bfile: \/?([\w./-]+)/g, (_, path: string) => {
      write('secret', path);
      return `file: ${path}`;
    });
    try {
      loadConfig(write([text, ...added].join('\n')), env);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }
});
