// The minimum cost of a refresh: a login, then page after page of the list, each followed by its bulk write, over one
// connection that is kept open. Plain JavaScript, since compiling would add to its start time.
import { Agent, request } from 'node:http';
import { randomBytes } from 'node:crypto';

const { AIRFLOW_URL, AIRFLOW_USERNAME, AIRFLOW_PASSWORD } = process.env;
const PAGE_SIZE = 100;
const TOKEN_LENGTH = 2700;

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const token = randomBytes(TOKEN_LENGTH).toString('base64').slice(0, TOKEN_LENGTH);
const login = { username: AIRFLOW_USERNAME, password: AIRFLOW_PASSWORD };
let session;
({ access_token: session } = await call('POST', '/auth/token', login));

let updated = 0;
for (let offset = 0, total = Infinity; offset < total; offset += PAGE_SIZE) {
  const query = `limit=${PAGE_SIZE}&offset=${offset}&order_by=connection_id`;
  const page = await call('GET', `/api/v2/connections?${query}`);
  total = page.total_entries;
  const actions = page.connections
    .filter(({ connection_id: id, conn_type: type }) => id.startsWith('bench_') && type === 'docker')
    .map(({ connection_id }) => ({
      action: 'update',
      entities: [{ connection_id, conn_type: 'docker', password: token }],
      action_on_non_existence: 'fail',
    }));
  const { update } = await call('PATCH', '/api/v2/connections', { actions });
  updated += update.success.length;
}
agent.destroy();
process.stdout.write(`${updated}`);

function call(method, path, body) {
  const json = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(session === undefined ? {} : { Authorization: `Bearer ${session}` }),
    ...(json === undefined
      ? {}
      : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(`${AIRFLOW_URL}${path}`, { method, headers, agent }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode > 299) reject(new Error(`${method} ${path}: HTTP ${response.statusCode}`));
        else resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      });
    });
    outgoing.once('error', reject);
    outgoing.end(json);
  });
}
