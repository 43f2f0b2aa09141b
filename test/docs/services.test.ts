import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { findOnPath } from '../../sandbox/executables.js';
import { EXIT } from '../../scripts/command-line.js';
import { buildProgram } from '../../scripts/program.js';
import { skipOrFail } from '../support/skip-or-fail.js';

/** The worker needs 40 s to stop; see `Stopping and upgrading a worker`. */
const MIN_STOP_SECONDS = 45;
const UNIT = 'airflow-ecr-refresh.service';

const SYSTEMD = readSection('systemd');
const KUBERNETES = readSection('Kubernetes');

function readSection(title: string): string {
  const text = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');
  return text.split(/^## /m).find((section) => section.startsWith(`${title}\n`)) ?? '';
}

/** The first block of a language. */
function readBlock(section: string, language: string): string {
  return new RegExp(`\n\`\`\`${language}\n(.*?)\`\`\``, 's').exec(section)?.[1] ?? '';
}

function assertWorkerArguments([name, ...args]: readonly string[]): void {
  assert.equal(name, 'worker');
  const worker = buildProgram().commands.find((command) => command.name() === name);
  assert.deepEqual(worker?.parseOptions(args), { operands: [], unknown: [] });
}

describe('the documented systemd unit', () => {
  const unit = readBlock(SYSTEMD, 'ini');

  /** The value of a setting; fails for none and for several. */
  function readSetting(name: string): string {
    const values = [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
    assert.equal(values.length, 1, name);
    return values[0] ?? '';
  }

  /** What `systemd-analyze verify` reports about a unit, in lines. */
  function verifyUnit(text: string): readonly string[] {
    const folder = mkdtempSync(join(tmpdir(), 'unit-'));
    try {
      const path = join(folder, UNIT);
      writeFileSync(path, text);
      const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], {
        encoding: 'utf8',
      });
      // A misspelled setting is only a warning, with exit code 0. Other units of the machine are not ours.
      const lines = stderr.split('\n').filter((line) => line.includes(UNIT));
      return status === 0 || lines.length > 0 ? lines : [`exit code ${status}: ${stderr}`];
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it('passes systemd-analyze verify, which rejects a misspelled setting and value', function () {
    this.timeout(20_000);
    if (findOnPath(['systemd-analyze']) === undefined) {
      skipOrFail(this, 'systemd-analyze (Debian: systemd)');
    }
    // The path of Node differs between machines.
    const installed = unit.replace('ExecStart=/usr/bin/node ', 'ExecStart=/bin/sh ');
    assert.deepEqual(verifyUnit(installed), []);
    for (const [right, wrong] of [
      ['RestartPreventExitStatus=', 'RestartPreventExitCode='],
      ['KillMode=mixed', 'KillMode=main'],
      ['=/bin/sh', '=/nowhere/sh'],
    ] as const) {
      assert.equal(verifyUnit(installed.replace(right, wrong)).length, 1, wrong);
    }
  });

  it('restarts the worker for as long as that may help', () => {
    assert.equal(readSetting('Restart'), 'on-failure');
    const codes = readSetting('RestartPreventExitStatus').split(' ').map(Number);
    assert.deepEqual(codes, [EXIT.configInvalid, EXIT.usage]);
    assert.match(readSetting('RestartSec'), /^[1-9]\d*$/);
    const [beforeService = ''] = unit.split('[Service]');
    assert.match(beforeService, /^StartLimitIntervalSec=0$/m, 'has no effect outside [Unit]');
  });

  it('gives the worker the time that it needs to stop', () => {
    assert.ok(Number(readSetting('TimeoutStopSec')) >= MIN_STOP_SECONDS);
    assert.deepEqual([readSetting('KillSignal'), readSetting('KillMode')], ['SIGTERM', 'mixed']);
  });

  it('starts the worker with arguments that the command accepts', () => {
    const [node, program, ...args] = readSetting('ExecStart').split(' ');
    assert.equal(node, '/usr/bin/node');
    assert.match(program ?? '', /^\/.*\/dist\/scripts\/cli\.js$/);
    assertWorkerArguments(args);
  });

  it('may write to the home folder of its user', () => {
    const home = `/var/lib/${readSetting('StateDirectory')}`;
    const [, documentedHome, user] = /^useradd .*--home-dir (\S+) .* (\S+)$/m.exec(SYSTEMD) ?? [];
    assert.deepEqual([documentedHome, user], [home, readSetting('User')]);
  });
});

describe('the documented Kubernetes Deployment', () => {
  interface Deployment {
    readonly apiVersion: string;
    readonly kind: string;
    readonly spec: {
      readonly replicas: number;
      readonly minReadySeconds: number;
      readonly strategy: { readonly rollingUpdate: { readonly maxUnavailable: number } };
      readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
      readonly template: {
        readonly metadata: { readonly labels: Readonly<Record<string, string>> };
        readonly spec: {
          readonly restartPolicy?: string;
          readonly terminationGracePeriodSeconds: number;
          readonly securityContext: { readonly fsGroup: number; readonly runAsNonRoot: boolean };
          readonly containers: readonly Container[];
          readonly volumes: readonly Volume[];
        };
      };
    };
  }
  interface Container {
    readonly image: string;
    readonly args: readonly string[];
    readonly env: readonly { readonly name: string; readonly value?: string }[];
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    readonly livenessProbe?: unknown;
  }
  interface Volume {
    readonly name: string;
    readonly secret?: { readonly defaultMode: number };
  }

  /** With the lines that are commented out, too. Kubernetes reads YAML 1.1, in which 0440 is octal. */
  const deployment = parse(readBlock(KUBERNETES, 'yaml').replaceAll(/^( +)# (- \{.*\})$/gm, '$1$2'), {
    version: '1.1',
  }) as Deployment;
  const { spec } = deployment.spec.template;
  const [container] = spec.containers;
  assert.ok(container);

  it('is a Deployment of pods that it selects, of a fixed version of the image', () => {
    assert.deepEqual([deployment.apiVersion, deployment.kind], ['apps/v1', 'Deployment']);
    assert.deepEqual(deployment.spec.selector.matchLabels, deployment.spec.template.metadata.labels);
    assert.match(container.image, /:\d+\.\d+\.\d+$/);
  });

  it('starts the worker with arguments that the command accepts', () => {
    assertWorkerArguments(container.args);
  });

  it('gives the worker the time that it needs to stop', () => {
    assert.ok(spec.terminationGracePeriodSeconds >= MIN_STOP_SECONDS);
  });

  it('restarts a worker that exits, and no worker that waits', () => {
    assert.equal(spec.restartPolicy ?? 'Always', 'Always');
    assert.equal(container.livenessProbe, undefined);
  });

  it('keeps the workers of the old version until those of the new one have run for a while', () => {
    assert.equal(deployment.spec.strategy.rollingUpdate.maxUnavailable, 0);
    assert.ok(deployment.spec.minReadySeconds >= 10);
  });

  it('mounts a volume for each path of its arguments and variables, without subPath', () => {
    assert.deepEqual(
      container.volumeMounts.map(({ name }) => name),
      spec.volumes.map(({ name }) => name),
    );
    const folders = container.volumeMounts.map(({ mountPath }) => mountPath);
    const [, password = ''] = /`\{file: (.*?)\}`/.exec(KUBERNETES) ?? [];
    const values = [...container.args, ...container.env.map(({ value = '' }) => value), password];
    const paths = values.filter((value) => value.startsWith('/'));
    assert.ok(paths.length >= 6, paths.join(', '));
    for (const path of paths) assert.ok(folders.includes(path.slice(0, path.lastIndexOf('/'))), path);
    assert.ok(container.volumeMounts.every((mount) => !('subPath' in mount)));
    assert.ok(container.env.every(({ name }) => name.startsWith('TEMPORAL_')));
  });

  it('lets the group of the worker read the secrets, and no one else', () => {
    const modes = spec.volumes.flatMap(({ secret }) => (secret ? [secret.defaultMode] : []));
    assert.deepEqual(modes, [0o440, 0o440]);
    assert.ok(spec.securityContext.fsGroup > 0 && spec.securityContext.runAsNonRoot);
  });
});
