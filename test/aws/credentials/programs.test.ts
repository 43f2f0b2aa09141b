import { SECRET_KEY } from '../aws-fixture.js';
import { describeFaults, FOREIGN, type Case } from './faults.js';

const EXPIRED = '2020-01-01T00:00:00Z';

const PROGRAMS: readonly Case[] = [
  {
    title: 'does not exist',
    command: '/nope/prog --secret',
    problem: 'prog does not exist, or is not in PATH (exit code 127)',
  },
  {
    title: 'is not executable',
    command: 'FOLDER/config x',
    problem: 'config is not executable (exit code 126)',
  },
  { title: 'fails', command: 'sh -c "exit 3"', problem: 'sh failed with exit code 3' },
  { title: 'is killed', command: 'exec sh -c "kill -9 $$"', problem: 'exec was ended by SIGKILL' },
  { title: 'prints nothing', command: 'true', problem: 'true printed nothing' },
  { title: 'prints text', command: `echo ${FOREIGN}`, problem: 'echo printed something that is not JSON' },
  {
    title: 'prints another version',
    command: `echo '{"Version":2}'`,
    problem: 'echo did not print "Version": 1',
  },
  {
    title: 'prints no key',
    command: `echo '{"Version":1,"AccessKeyId":"AKID"}'`,
    problem: 'echo printed no SecretAccessKey',
  },
  {
    title: 'prints expired credentials',
    command: `echo '{"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"${SECRET_KEY}","Expiration":"${EXPIRED}"}'`,
    problem: 'echo printed credentials that have expired',
  },
  {
    title: 'starts with a secret',
    command: `TOKEN=a/${SECRET_KEY} false`,
    problem: 'failed with exit code 1',
  },
].map(({ title, command, problem }) => ({
  title: `credential_process that ${title}`,
  files: { config: `[profile x]\ncredential_process = ${command}\n` },
  env: { AWS_PROFILE: 'x' },
  message: `profile x: credential_process ${problem}`,
  remedy: /^Run the `credential_process` command as the worker's user/,
}));

describeFaults('a credential_process', {}, PROGRAMS);
