import assert from 'node:assert/strict';
import type { AllowedStore } from '../../src/activities/allowed-config.js';
import { RecentReads } from '../../src/activities/recent-reads.js';
import { dockerConnection, FakeAirflow, fakeStore } from '../fakes/fake-ports.js';

const LIFE_MS = 30_000;
const MOST = 5_000;

function createStore(name = 'main'): AllowedStore {
  return fakeStore({ name, connections: new FakeAirflow([]) });
}

describe('RecentReads', () => {
  const store = createStore();
  let nowMs: number;
  let reads: RecentReads;

  beforeEach(() => {
    nowMs = 0;
    reads = new RecentReads(() => nowMs);
  });

  it('returns a connection that was read, once', () => {
    reads.add(store, dockerConnection());
    assert.deepEqual(reads.take(store, 'docker_default'), dockerConnection());
    assert.equal(reads.take(store, 'docker_default'), undefined);
  });

  it('returns nothing for a connection that was not read', () => {
    assert.equal(reads.take(store, 'docker_default'), undefined);
    reads.add(store, dockerConnection());
    assert.equal(reads.take(store, 'other'), undefined);
  });

  it('returns a connection up to 30 s after it was read', () => {
    reads.add(store, dockerConnection({ id: 'a' }));
    reads.add(store, dockerConnection({ id: 'b' }));
    nowMs = LIFE_MS;
    assert.ok(reads.take(store, 'a'));
    nowMs = LIFE_MS + 1;
    assert.equal(reads.take(store, 'b'), undefined);
  });

  it('counts the time from the last read, and returns its result', () => {
    reads.add(store, dockerConnection({ host: 'old.example.com' }));
    nowMs = LIFE_MS;
    reads.add(store, dockerConnection());
    nowMs = 2 * LIFE_MS;
    assert.deepEqual(reads.take(store, 'docker_default'), dockerConnection());
  });

  it('separates stores, even with the same name in another configuration', () => {
    reads.add(store, dockerConnection());
    assert.equal(reads.take(createStore('second'), 'docker_default'), undefined);
    assert.equal(reads.take(createStore('main'), 'docker_default'), undefined);
    assert.ok(reads.take(store, 'docker_default'));
  });

  it('does not keep fields that were checked and may be long', () => {
    reads.add(store, dockerConnection({ extra: '{"reauth":true}', schema: 'https', description: 'long' }));
    assert.deepEqual(reads.take(store, 'docker_default'), dockerConnection());
  });

  it('keeps the latest 5,000 connections of a store', () => {
    for (let index = 0; index <= MOST; index += 1) reads.add(store, dockerConnection({ id: `id_${index}` }));
    assert.equal(reads.take(store, 'id_0'), undefined);
    assert.ok(reads.take(store, 'id_1'));
    assert.ok(reads.take(store, `id_${MOST}`));
  });

  it('counts a connection only once when it is read again', () => {
    reads.add(store, dockerConnection({ id: 'first' }));
    for (let index = 0; index <= MOST; index += 1) reads.add(store, dockerConnection({ id: 'again' }));
    assert.ok(reads.take(store, 'first'));
  });
});
