// Calls of the worker's activities that no run makes: from a foreign workflow, and without a workflow.
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

const QUEUE = 'rogue';

/** What a crafted input may be made of: everything that the configuration grants, and a host of the attacker. */
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
  /** An input of a form that no run sends, whatever the names in it. */
  readonly hasWrongForm?: boolean;
}

const GROUP = 'default/us-east-1';
const NAMED = { target: { named: { offset: 0, limit: 20 } }, attemptsBefore: 0 } as const;

export const CRAFTED_INPUTS: readonly CraftedInput[] = [
  {
    title: 'an Airflow that is not configured',
    craft: ({ configHash }) => ['inspectConnections', { configHash, store: 'other', ...NAMED }],
  },
  {
    title: 'an Airflow named like a property of every object',
    craft: ({ configHash }) => ['inspectConnections', { configHash, store: '__proto__', ...NAMED }],
  },
  {
    title: 'a URL for an Airflow',
    craft: ({ configHash, evilHost }) => [
      'inspectConnections',
      { configHash, store: `http://${evilHost}`, ...NAMED },
    ],
  },
  {
    title: 'a range that does not consist of numbers',
    hasWrongForm: true,
    craft: ({ configHash }) => [
      'inspectConnections',
      { configHash, store: 'main', ...NAMED, target: { named: { offset: '0', limit: 20 } } },
    ],
  },
  {
    title: 'more rows of the list than a run reads',
    hasWrongForm: true,
    craft: ({ configHash }) => [
      'inspectConnections',
      { configHash, store: 'main', ...NAMED, target: { listed: { offset: 0, limit: 10_000 } } },
    ],
  },
  {
    title: 'a connection to be read that is not configured',
    craft: ({ configHash }) => [
      'inspectConnections',
      { configHash, store: 'main', ...NAMED, target: { connections: ['aws_default'] } },
    ],
  },
  {
    title: 'a token shown to a host of the attacker',
    craft: ({ configHash, evilHost }) => [
      'extractToken',
      { configHash, group: GROUP, registries: [evilHost] },
    ],
  },
  {
    title: 'a token shown to one more host',
    craft: ({ configHash, evilHost, registry }) => [
      'extractToken',
      { configHash, group: GROUP, registries: [registry, evilHost] },
    ],
  },
  {
    title: 'a host that looks like one of ECR',
    craft: ({ configHash, evilHost }) => [
      'extractToken',
      { configHash, group: GROUP, registries: [`123456789012.dkr.ecr.us-east-1.amazonaws.com.${evilHost}`] },
    ],
  },
  {
    title: 'a user within the host',
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
    hasWrongForm: true,
    craft: ({ configHash }) => ['extractToken', { configHash, group: GROUP, registries: [] }],
  },
  {
    title: 'a connection that is not configured',
    craft: ({ configHash, registry }) => [
      'updateConnections',
      { ...toUpdate(configHash, registry), connections: ['aws_default'] },
    ],
  },
  {
    title: 'one more connection than configured',
    craft: ({ configHash, registry }) => [
      'updateConnections',
      { ...toUpdate(configHash, registry), connections: [CONNECTION, 'aws_default'] },
    ],
  },
  {
    title: 'a path for a connection',
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
    title: 'a sign-in at a host of the attacker',
    craft: ({ configHash, engine, evilHost }) => [
      'testDocker',
      { configHash, engine, registry: evilHost, group: GROUP },
    ],
  },
  { title: 'text instead of an input', hasWrongForm: true, craft: () => ['testDocker', 'text'] },
  { title: 'no input at all', hasWrongForm: true, craft: () => ['updateConnections', undefined] },
];

export const STEPS: readonly StepName[] = [
  'planRefresh',
  'inspectConnections',
  'extractToken',
  'updateConnections',
  'testDocker',
];

export interface ForgedCalls {
  /** Calls an activity from a workflow of somebody else; answers what it failed with. */
  byWorkflow(craft: Craft): Promise<ApplicationFailure>;
  /** Starts an activity by itself, with an input that a run would give it; answers what the CLI says. */
  standalone(step: StepName): Promise<string>;
  /** How many requests each part, the attacker's included, has got so far. */
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

  // Nothing in a plan is secret, and whoever calls activities can have it.
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
        (answer) => new Error(`it was granted: ${JSON.stringify(answer)}`),
        (reason: unknown) => reason,
      );
      const failure = error instanceof WorkflowFailedError ? error.cause?.cause : undefined;
      if (failure instanceof ApplicationFailure) return failure;
      throw error;
    },
    async standalone(step) {
      const args = ['activity', 'execute', '--address', fixture.temporal.address, '--task-queue', 'main'];
      const limits = ['--start-to-close-timeout', '30s', '--retry-maximum-attempts', '1'];
      const input = step === 'planRefresh' ? [] : ['--input', JSON.stringify(GRANTED[step](known))];
      const id = ['--type', step, '--activity-id', randomUUID(), '--disable-config-file'];
      const { code, stdout, stderr } = await runCommand(
        await findTemporalCli(),
        [...args, ...id, ...limits, ...input],
        {
          allowFailure: true,
        },
      );
      if (code === 0) throw new Error(`it was granted: ${stdout}`);
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

/** What a run itself would ask for. */
const GRANTED: Readonly<Record<Exclude<StepName, 'planRefresh'>, (known: Known) => object>> = {
  inspectConnections: ({ configHash }) => ({ configHash, store: 'main', ...NAMED }),
  extractToken: ({ configHash, registry }) => ({ configHash, group: GROUP, registries: [registry] }),
  updateConnections: ({ configHash, registry }) => toUpdate(configHash, registry),
  testDocker: ({ configHash, engine, registry }) => ({ configHash, engine, registry, group: GROUP }),
};

function toUpdate(configHash: string, registry: string): UpdateInput {
  const connections = [CONNECTION];
  return { configHash, store: 'main', registry, group: GROUP, connections, attemptsBefore: 0 };
}
