// Calls to the worker's activities that no run makes: from another workflow, and without a workflow.
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { runCommand } from '../../../sandbox/run-command.js';
import { findTemporalCli } from '../../../sandbox/temporal.js';
import type { RefreshPlan, StepName, UpdateInput } from '../../../src/refresh/activity-types.js';
import { answerJson, startServer } from '../../support/local-server.js';
import { installQuietRuntime } from '../../workflows/test-worker.js';
import { CONNECTION, type Fixture } from './fixture.js';
import type { callActivity, ForgedCall } from './forged-workflow.js';

const QUEUE = 'forged';

/** Values for forged inputs: everything that the configuration allows, and a host of the attacker. */
export interface Known {
  readonly configHash: string;
  readonly registry: string;
  readonly engine: string;
  readonly evilHost: string;
}

type Craft = (known: Known) => readonly [step: StepName, input: unknown];

export interface CraftedInput {
  readonly title: string;
  readonly craft: Craft;
  /** The input fails the schema, whatever names it contains. */
  readonly isMalformed?: boolean;
}

const GROUP = 'default/us-east-1';
const NAMED = { target: { named: { offset: 0, limit: 20 } }, attemptsBefore: 0 } as const;

export const CRAFTED_INPUTS: readonly CraftedInput[] = [
  {
    title: 'an Airflow that is not configured',
    craft: ({ configHash }) => ['inspectConnections', { configHash, store: 'other', ...NAMED }],
  },
  {
    title: 'an Airflow named like a built-in property of objects',
    craft: ({ configHash }) => ['inspectConnections', { configHash, store: '__proto__', ...NAMED }],
  },
  {
    title: 'a URL instead of the name of an Airflow',
    craft: ({ configHash, evilHost }) => [
      'inspectConnections',
      { configHash, store: `http://${evilHost}`, ...NAMED },
    ],
  },
  {
    title: 'a range with text instead of numbers',
    isMalformed: true,
    craft: ({ configHash }) => [
      'inspectConnections',
      { configHash, store: 'main', ...NAMED, target: { named: { offset: '0', limit: 20 } } },
    ],
  },
  {
    title: 'more rows of the list than a run reads',
    isMalformed: true,
    craft: ({ configHash }) => [
      'inspectConnections',
      { configHash, store: 'main', ...NAMED, target: { listed: { offset: 0, limit: 10_000 } } },
    ],
  },
  {
    title: 'reading a connection that is not configured',
    craft: ({ configHash }) => [
      'inspectConnections',
      { configHash, store: 'main', ...NAMED, target: { connections: ['aws_default'] } },
    ],
  },
  {
    title: 'a token verified with a host of the attacker',
    craft: ({ configHash, evilHost }) => [
      'extractToken',
      { configHash, group: GROUP, registries: [evilHost] },
    ],
  },
  {
    title: 'a token verified with an additional host',
    craft: ({ configHash, evilHost, registry }) => [
      'extractToken',
      { configHash, group: GROUP, registries: [registry, evilHost] },
    ],
  },
  {
    title: 'a host that looks like an ECR host',
    craft: ({ configHash, evilHost }) => [
      'extractToken',
      { configHash, group: GROUP, registries: [`123456789012.dkr.ecr.us-east-1.amazonaws.com.${evilHost}`] },
    ],
  },
  {
    title: 'a user name in the host',
    craft: ({ configHash, registry, evilHost }) => [
      'extractToken',
      { configHash, group: GROUP, registries: [`${registry}@${evilHost}`] },
    ],
  },
  {
    title: 'a token group of another region',
    craft: ({ configHash, registry }) => [
      'extractToken',
      { configHash, group: 'default/eu-west-1', registries: [registry] },
    ],
  },
  {
    title: 'no registries',
    isMalformed: true,
    craft: ({ configHash }) => ['extractToken', { configHash, group: GROUP, registries: [] }],
  },
  {
    title: 'writing a connection that is not configured',
    craft: ({ configHash, registry }) => [
      'updateConnections',
      { ...toUpdate(configHash, registry), connections: ['aws_default'] },
    ],
  },
  {
    title: 'an additional connection that is not configured',
    craft: ({ configHash, registry }) => [
      'updateConnections',
      { ...toUpdate(configHash, registry), connections: [CONNECTION, 'aws_default'] },
    ],
  },
  {
    title: 'a path instead of a connection id',
    craft: ({ configHash, registry }) => [
      'updateConnections',
      { ...toUpdate(configHash, registry), connections: ['../variables/x'] },
    ],
  },
  {
    title: 'a witness that is not configured',
    craft: ({ configHash, registry }) => [
      'updateConnections',
      { ...toUpdate(configHash, registry), witness: 'aws_default' },
    ],
  },
  {
    title: 'a registry of the attacker for a connection',
    craft: ({ configHash, evilHost }) => ['updateConnections', toUpdate(configHash, evilHost)],
  },
  {
    title: 'the same connection 2,000 times',
    isMalformed: true,
    craft: ({ configHash, registry }) => [
      'updateConnections',
      { ...toUpdate(configHash, registry), connections: Array.from({ length: 2000 }, () => CONNECTION) },
    ],
  },
  {
    title: 'a connection twice',
    isMalformed: true,
    craft: ({ configHash, registry }) => [
      'updateConnections',
      { ...toUpdate(configHash, registry), connections: [CONNECTION, CONNECTION] },
    ],
  },
  {
    title: '2,000 connections',
    isMalformed: true,
    craft: ({ configHash }) => [
      'inspectConnections',
      {
        configHash,
        store: 'main',
        ...NAMED,
        target: { connections: Array.from({ length: 2000 }, (_, index) => `docker_${index}`) },
      },
    ],
  },
  {
    title: '2,000 ECR hosts',
    isMalformed: true,
    craft: ({ configHash }) => [
      'extractToken',
      { configHash, group: GROUP, registries: Array.from({ length: 2000 }, (_, index) => toEcrHost(index)) },
    ],
  },
  {
    title: 'an engine that is not configured',
    craft: ({ configHash, registry }) => [
      'testDocker',
      { configHash, engine: 'unix:///var/run/other.sock', registry, group: GROUP },
    ],
  },
  {
    title: 'an engine of the attacker',
    craft: ({ configHash, registry, evilHost }) => [
      'testDocker',
      { configHash, engine: `tcp://${evilHost}`, registry, group: GROUP },
    ],
  },
  {
    title: 'a Docker login to a host of the attacker',
    craft: ({ configHash, engine, evilHost }) => [
      'testDocker',
      { configHash, engine, registry: evilHost, group: GROUP },
    ],
  },
  { title: 'text instead of an input', isMalformed: true, craft: () => ['testDocker', 'text'] },
  { title: 'no input at all', isMalformed: true, craft: () => ['updateConnections', undefined] },
];

export const STEPS: readonly StepName[] = [
  'planRefresh',
  'inspectConnections',
  'extractToken',
  'updateConnections',
  'testDocker',
];

export interface ForgedCalls {
  /** Calls an activity from another workflow; returns its failure. */
  byWorkflow(craft: Craft): Promise<ApplicationFailure>;
  /** Starts an activity without a workflow, with a valid input; returns the output of the CLI. */
  standalone(step: StepName): Promise<string>;
  /** Requests so far by service, including the attacker's. */
  traffic(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

export async function startForgedCalls(fixture: Fixture): Promise<ForgedCalls> {
  installQuietRuntime();
  const evil = await startServer((_, response) => answerJson(response, 200, {}));
  const connection = await NativeConnection.connect({ address: fixture.temporal.address });
  const worker = await Worker.create({
    connection,
    namespace: 'default',
    taskQueue: QUEUE,
    workflowsPath: fileURLToPath(new URL('forged-workflow.ts', import.meta.url)),
  });
  const running = worker.run();

  async function call(step: StepName, input: readonly unknown[]): Promise<unknown> {
    const args: [ForgedCall] = [{ taskQueue: 'main', step, input }];
    const workflowId = randomUUID();
    return fixture.client.workflow.execute<typeof callActivity>('callActivity', {
      taskQueue: QUEUE,
      workflowId,
      args,
    });
  }

  // A plan contains no secret, and anyone who can call activities can get it.
  const { configHash } = (await call('planRefresh', [])) as RefreshPlan;
  const known: Known = {
    configHash,
    registry: fixture.registry.host,
    engine: fixture.engine.url,
    evilHost: evil.host,
  };

  return {
    async byWorkflow(craft) {
      const [step, input] = craft(known);
      const error: unknown = await call(step, input === undefined ? [] : [input]).then(
        (result) => new Error(`the call was allowed: ${JSON.stringify(result)}`),
        (reason: unknown) => reason,
      );
      const failure = error instanceof WorkflowFailedError ? error.cause?.cause : undefined;
      if (failure instanceof ApplicationFailure) return failure;
      throw error;
    },
    async standalone(step) {
      const args = ['activity', 'execute', '--address', fixture.temporal.address, '--task-queue', 'main'];
      const limits = ['--start-to-close-timeout', '30s', '--retry-maximum-attempts', '1'];
      const input = step === 'planRefresh' ? [] : ['--input', JSON.stringify(VALID_INPUTS[step](known))];
      const id = ['--type', step, '--activity-id', randomUUID(), '--disable-config-file'];
      const { code, stdout, stderr } = await runCommand(
        await findTemporalCli(),
        [...args, ...id, ...limits, ...input],
        {
          allowFailure: true,
        },
      );
      if (code === 0) throw new Error(`the call was allowed: ${stdout}`);
      return stdout + stderr;
    },
    traffic: () => ({
      Airflow: fixture.airflow.requests.length,
      AWS: fixture.aws.calls.length,
      registry: fixture.registry.requests.length,
      attacker: evil.requests.length,
    }),
    async stop() {
      worker.shutdown();
      await running;
      await connection.close();
      await evil.close();
    },
  };
}

/** Inputs as a run sends them. */
const VALID_INPUTS: Readonly<Record<Exclude<StepName, 'planRefresh'>, (known: Known) => object>> = {
  inspectConnections: ({ configHash }) => ({ configHash, store: 'main', ...NAMED }),
  extractToken: ({ configHash, registry }) => ({ configHash, group: GROUP, registries: [registry] }),
  updateConnections: ({ configHash, registry }) => toUpdate(configHash, registry),
  testDocker: ({ configHash, engine, registry }) => ({ configHash, engine, registry, group: GROUP }),
};

/** The ECR host of another account. */
export function toEcrHost(index: number): string {
  return `${200_000_000_000 + index}.dkr.ecr.us-east-1.amazonaws.com`;
}

function toUpdate(configHash: string, registry: string): UpdateInput {
  const connections = [CONNECTION];
  return { configHash, store: 'main', registry, group: GROUP, connections, attemptsBefore: 0 };
}
