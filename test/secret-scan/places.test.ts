import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPython } from '../../sandbox/python-tools.js';
import { runCommand } from '../../sandbox/run-command.js';
import { findSecretsIn } from './assert-no-secret.js';
import { randomText, seededRandom } from './canary.js';
import type { KnownSecret } from './find-secrets.js';
import { filePlaces, folderPlaces, metricsPlaces, temporalDatabasePlaces, type Place } from './places.js';
import { processWatch } from './process-watch.js';

describe('places of a scan for secrets', () => {
  const random = seededRandom(11);
  const canary = (name: string, length = 60): KnownSecret => ({ name, value: randomText(random, length) });
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ecr-places-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  async function collect(places: AsyncIterable<Place>): Promise<Place[]> {
    const all: Place[] = [];
    for await (const place of places) all.push(place);
    return all;
  }

  describe('files below a folder', () => {
    it('are all scanned, at any depth and with any name', async () => {
      const secrets = [canary('in a file'), canary('hidden and deep'), canary('in a name', 20)];
      const [inFile, deep, inName] = secrets;
      mkdirSync(join(folder, '.cache', 'a', 'b'), { recursive: true });
      const paths = [join(folder, 'one'), join(folder, '.cache', 'a', 'b', '.two')] as const;
      writeFileSync(paths[0], `- ${inFile?.value} -`);
      writeFileSync(paths[1], deep?.value ?? '');
      writeFileSync(join(folder, `${inName?.value}.json`), '');
      const { findings } = await findSecretsIn(secrets, folderPlaces(folder));
      assert.deepEqual(
        Object.fromEntries(findings.map(({ secret, place }) => [`${secret}, ${place}`, true])),
        {
          [`in a name, names of files below ${folder}`]: true,
          'in a name, (a place with a secret in its name)': true,
          [`in a file, ${paths[0]}`]: true,
          [`hidden and deep, ${paths[1]}`]: true,
        },
      );
    });

    it('exclude links and sockets', async () => {
      writeFileSync(join(folder, 'file'), 'content');
      mkdirSync(join(folder, 'inner'));
      symlinkSync(folder, join(folder, 'inner', 'loop'));
      symlinkSync(join(folder, 'file'), join(folder, 'inner', 'link'));
      const server = createServer().listen(join(folder, 'socket'));
      await once(server, 'listening');
      const places = await collect(folderPlaces(folder));
      server.close();
      await once(server, 'close');
      assert.deepEqual(
        places.map(({ place }) => place),
        [`names of files below ${folder}`, join(folder, 'file')],
      );
    });

    it('must exist', async () => {
      await assert.rejects(collect(folderPlaces(join(folder, 'missing'))), { code: 'ENOENT' });
      await assert.rejects(collect(filePlaces(join(folder, 'missing'))), { code: 'ENOENT' });
    });

    it('lose no secret between two pieces of a large file', async () => {
      const piece = 8 * 1024 * 1024;
      const secrets = [canary('across', 30), canary('at the end of the first', 30), canary('at the end', 30)];
      const bytes = Buffer.alloc(2 * piece);
      bytes.write(secrets[0]?.value ?? '', piece - 15);
      bytes.write(secrets[1]?.value ?? '', piece - 4096 - 15);
      bytes.write(secrets[2]?.value ?? '', bytes.length - 30);
      writeFileSync(join(folder, 'large'), bytes);
      const scan = await findSecretsIn(secrets, filePlaces(join(folder, 'large')));
      assert.deepEqual(
        scan.findings.map(({ secret }) => secret).toSorted(),
        secrets.map(({ name }) => name).toSorted(),
      );
      assert.equal(scan.places, 1);
    });
  });

  describe('a database', () => {
    /** Short secrets at all distances from the ends of pages, one per row, and a row that is deleted again. */
    const FILL = `
import json, sqlite3, sys
given = json.load(sys.stdin)
session = sqlite3.connect(given["file"])
session.execute("PRAGMA secure_delete = OFF")
session.execute("CREATE TABLE payloads (id INTEGER, \\"the data\\" BLOB, note TEXT)")
for i, value in enumerate(given["values"]):
    data = (b"." * (4000 + 14 * i) + value.encode()).ljust(12000, b".")
    session.execute("INSERT INTO payloads VALUES (?, ?, NULL)", (i, data))
session.execute("INSERT INTO payloads VALUES (-1, x'ff00', ?)", (given["deleted"],))
session.commit()
session.execute("DELETE FROM payloads WHERE id = -1")
session.commit()
`;

    it('is scanned page by page and value by value', async () => {
      const dbFile = join(folder, 'temporal.db');
      const live = Array.from({ length: 320 }, (_, i) => canary(`row ${i}`, 20));
      const deleted = canary('deleted');
      const given = { file: dbFile, values: live.map(({ value }) => value), deleted: deleted.value };
      await runCommand(await findPython(), ['-c', FILL], { input: JSON.stringify(given) });

      const raw = await findSecretsIn([...live, deleted], filePlaces(dbFile));
      assert.ok(raw.findings.length < 320, 'no secret is split over two pages: this test proves nothing');
      const { findings } = await findSecretsIn([...live, deleted], temporalDatabasePlaces(dbFile));
      const inColumn = findings.filter(({ place }) => place === 'temporal.db, payloads.the data');
      assert.equal(inColumn.length, 320);
      assert.deepEqual(
        findings.filter(({ secret }) => secret === 'deleted').map(({ place }) => place),
        [dbFile],
      );
    });

    /** A transaction that is partly in the file when its program exits. */
    const CRASH = `
import json, os, sqlite3, sys
given = json.load(sys.stdin)
session = sqlite3.connect(given["file"])
session.execute("PRAGMA cache_size = 5")
session.execute("CREATE TABLE payloads (data TEXT)")
session.executemany("INSERT INTO payloads VALUES (?)", [(given["before"] + "." * 3000,)] * 100)
session.commit()
session.execute("UPDATE payloads SET data = ?", (given["after"] + "." * 3000,))
os._exit(0)
`;

    it('is scanned after a crash, and is not changed', async () => {
      const dbFile = join(folder, 'temporal.db');
      const [before, after] = [canary('before'), canary('after')];
      const given = { file: dbFile, before: before.value, after: after.value };
      await runCommand(await findPython(), ['-c', CRASH], { input: JSON.stringify(given) });
      const left = readFileSync(dbFile);
      const { findings } = await findSecretsIn([before, after], temporalDatabasePlaces(dbFile));
      assert.deepEqual(findings.map(({ secret, place }) => `${secret}, ${place}`).toSorted(), [
        `after, ${dbFile}`,
        `before, ${dbFile}`,
        `before, ${dbFile}-journal`,
        'before, temporal.db, payloads.data',
      ]);
      assert.ok(readFileSync(dbFile).equals(left));
    });

    it('includes its journals', async () => {
      const dbFile = join(folder, 'temporal.db');
      await runCommand(await findPython(), ['-c', FILL], {
        input: JSON.stringify({ file: dbFile, values: [], deleted: '' }),
      });
      writeFileSync(join(folder, 'unrelated'), 'x');
      writeFileSync(join(folder, 'temporal.db-copy'), 'x');
      const names = (await collect(temporalDatabasePlaces(dbFile))).map(({ place }) => place);
      assert.ok(names.includes(join(folder, 'temporal.db-copy')));
      assert.ok(!names.includes(join(folder, 'unrelated')));
    });

    it('is rejected if the file is something else', async () => {
      writeFileSync(join(folder, 'temporal.db'), 'some text');
      await assert.rejects(collect(temporalDatabasePlaces(join(folder, 'temporal.db'))), /not a database/);
    });
  });

  it('include a page of metrics, and reject an error response', async () => {
    const secret = canary('label');
    const server = createHttpServer((request, response) => {
      response.statusCode = request.url === '/metrics' ? 200 : 404;
      response.end(`requests{queue="${secret.value}"} 1\n`);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { findings } = await findSecretsIn([secret], metricsPlaces(`${url}/metrics`));
    await assert.rejects(collect(metricsPlaces(url)), /returned 404/);
    server.close();
    assert.deepEqual(findings, [{ secret: 'label', form: 'plain text', place: `${url}/metrics` }]);
  });

  it('include the arguments of a process that ends before the watch does, but no environment', async () => {
    // The watch also sees other runs of this test on the machine, so each run needs its own canaries.
    const ofThisProcess = seededRandom(process.pid);
    const argument = { name: 'argument', value: randomText(ofThisProcess, 60) };
    const variable = { name: 'variable', value: randomText(ofThisProcess, 60) };
    const watch = processWatch();
    const child = spawn(
      process.execPath,
      ['-e', 'setTimeout(() => {}, 300)', '--', `--password=${argument.value}`],
      { env: { ...process.env, PASSWORD: variable.value } },
    );
    await once(child, 'exit');
    const { findings } = await findSecretsIn([argument, variable], watch.stop());
    assert.deepEqual(findings, [
      { secret: 'argument', form: 'plain text', place: `arguments of process ${child.pid}` },
    ]);
  });
});
