// Runs `doctor` for an Airflow at http://slow.test, which this process is. Prints the JSON of doctor.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [, , program = ''] = process.argv;
const folder = mkdtempSync(join(tmpdir(), 'slow-network-'));

const server = http.createServer(({ url = '' }, response) => {
  const [status, body] = url.endsWith('/version')
    ? [200, { version: '3.3.2' }]
    : url === '/auth/token'
      ? [201, { access_token: 'jwt' }]
      : [404, { detail: 'The Connection with connection_id: `a` was not found' }];
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(0, '0.0.0.0', () => {
  const { port } = server.address() as AddressInfo;
  const config = join(folder, 'refresh.yaml');
  writeFileSync(
    config,
    JSON.stringify({
      version: 1,
      airflows: [
        {
          name: 'main',
          url: `http://slow.test:${port}`,
          allowInsecureHttp: true,
          auth: { username: 'op', password: { env: 'PW' } },
          connections: ['a'],
        },
      ],
      docker: { engines: [] },
    }),
  );
  const env = { ...process.env, PW: 'x', AWS_EC2_METADATA_DISABLED: 'true' };
  execFile(
    process.execPath,
    [program, 'doctor', '--json', '--config', config],
    { env, timeout: 90_000 },
    (_error, stdout) => {
      process.stdout.write(stdout);
      server.close();
      server.closeAllConnections();
      rmSync(folder, { recursive: true });
    },
  );
});
