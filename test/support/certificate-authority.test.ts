import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificateAuthority } from './certificate-authority.js';

describe('createCertificateAuthority', () => {
  let folder: string;

  before(() => void (folder = mkdtempSync(join(tmpdir(), 'authority-'))));
  after(() => rmSync(folder, { recursive: true }));

  it('issues certificates for hosts, wildcards, addresses and clients', async () => {
    const authority = await createCertificateAuthority(folder);
    const ca = new X509Certificate(readFileSync(authority.caFile));
    const server = new X509Certificate((await authority.issueServer(['*.example.com', '127.0.0.1'])).cert);
    assert.ok(server.verify(ca.publicKey));
    assert.ok(!server.ca);
    assert.equal(server.checkHost('a.example.com'), '*.example.com');
    assert.equal(server.checkHost('example.org'), undefined);
    assert.equal(server.checkIP('127.0.0.1'), '127.0.0.1');
    const client = new X509Certificate((await authority.issueClient('worker')).cert);
    assert.ok(client.verify(ca.publicKey));
    assert.match(client.subject, /CN=worker/);
    assert.deepEqual(client.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  });
});
