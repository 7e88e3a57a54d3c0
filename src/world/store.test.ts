// Databases that sleep: whatever a world does, alone or among many, awake, put to sleep, woken or reset, its bytes are the same.
import assert from 'node:assert/strict';
import { before, describe, it, test } from 'node:test';
import fc from 'fast-check';
import { loadEngine, type Start, Store } from './store.ts';
import { createTemplate, forkWorld, loadWorlds, type World } from './world.ts';

before(async () => {
  await loadEngine();
  await loadWorlds();
});

function makeImage(): Uint8Array {
  const store = new Store(null);
  store.script("create table t(id integer primary key, text text not null) strict; insert into t values (1, 'one')");
  const image = store.image();
  store.close();
  return image;
}

/** A start from that image; `zero` is a row put into it first. */
function makeStart(image = makeImage(), zero = false): Start {
  return { image, changes: zero ? [['insert into t(id, text) values(?, ?)', [0, 'zero']]] : [] };
}

/** What may happen to a database; `fail` throws in the middle of a transaction. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('insert' as const), text: fc.string({ maxLength: 900 }) }),
  fc.record({ kind: fc.constant('delete' as const), id: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constantFrom('fail' as const, 'script' as const, 'reset' as const), text: fc.string() }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function perform(store: Store, one: Step): void {
  if (one.kind === 'insert') store.transact(() => store.run('insert into t(text) values(?)', [one.text]));
  else if (one.kind === 'delete') store.run('delete from t where id = ?', [one.id]);
  else if (one.kind === 'script') store.script("insert into t(text) values('by script')");
  else if (one.kind === 'reset') store.reset();
  else
    assert.throws(() =>
      store.transact(() => {
        store.run('insert into t(text) values(?)', [one.text]);
        throw new Error('no');
      }),
    );
}

test('sleeping between any two steps changes nothing, neither what is read nor a byte of the image', () => {
  const image = makeImage();
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.boolean()), { maxLength: 12 }), fc.boolean(), (steps, zero) => {
      const start = makeStart(image, zero);
      const [waking, sleeping] = [new Store(start), new Store(start)];
      for (const [one, rests] of steps) {
        perform(waking, one);
        perform(sleeping, one);
        if (rests) sleeping.rest();
      }
      const rows = 'select * from t order by id';
      assert.deepEqual(sleeping.rows(rows), waking.rows(rows));
      sleeping.rest();
      assert.deepEqual(sleeping.image(), waking.image());
      for (const store of [waking, sleeping]) store.close();
    }),
    { numRuns: 120 },
  );
});

test('a database that was reset is as it was opened, and one that was changed is not', () => {
  const start = makeStart(makeImage(), true);
  const [store, untouched] = [new Store(start), new Store(start)];
  const image = untouched.image();
  store.run("insert into t(text) values('two')");
  assert.notDeepEqual(store.image(), image);
  store.reset();
  assert.deepEqual(store.image(), image);
  store.reset();
  assert.deepEqual(store.rows('select text from t order by id'), [{ text: 'zero' }, { text: 'one' }]);
  for (const one of [store, untouched]) one.close();
});

test('a database does not sleep in the middle of a transaction, nor while it is pinned', () => {
  const store = new Store(makeStart());
  assert.equal(store.rest(), false, 'nothing is open yet');
  store.row('select 1');
  store.transact(() => assert.equal(store.rest(), false));
  store.pin();
  assert.equal(store.rest(), false);
  store.unpin();
  assert.equal(store.rest(), true);
  store.close();
});

test('nothing of one world is found in the next of the same image, however the first ended', () => {
  const image = makeImage();
  for (const end of ['close', 'reset', 'rest'] as const) {
    const first = new Store(makeStart(image, true));
    first.run("insert into t(text) values('mine')");
    first[end]();
    const next = new Store(makeStart(image));
    assert.deepEqual(next.rows('select text from t'), [{ text: 'one' }], end);
    next.close();
    first.close();
  }
});

test('a closed database is closed', () => {
  const store = new Store(makeStart());
  store.row('select 1');
  store.close();
  store.close();
  assert.throws(() => store.row('select 1'), /closed/);
});

async function play(world: World, at: number): Promise<void> {
  if (at % 3 === 0) await world.call('pay_person', { person: 'Ben', amount: 1 + (world.seed % 5) });
  else if (at % 3 === 1) await world.call('change_rows', { sql: `insert into pets(name) values ('pet ${at}')` });
  else await world.call('renew_password', { site: 'a.com' });
}

test('six hundred worlds played in turns end byte for byte as they do alone, and are what was done in each', async () => {
  const template = createTemplate({
    datasets: [{ name: 'pets', columns: 'name text' }],
    logins: [{ site: 'a.com', password: 'x' }],
  });
  const worlds = Array.from({ length: 600 }, (_, seed) => forkWorld(template, { seed }));
  for (let at = 0; at < 6; at++) for (const world of worlds) await play(world, at);
  for (const world of worlds.filter(({ seed }) => seed % 60 === 0)) {
    const alone = forkWorld(template, { seed: world.seed });
    for (let at = 0; at < 6; at++) await play(alone, at);
    assert.deepEqual(world.image(), alone.image(), String(world.seed));
    assert.equal(world.query('select sum(amount) from payments'), 2 * (1 + (world.seed % 5)));
    alone.close();
  }
  for (const world of worlds) world.close();
});

test('a world that was reset plays as a new one, shell and chance included', async () => {
  const template = createTemplate({ files: [{ name: 'a', text: 'x' }] });
  const [used, fresh] = [forkWorld(template, { seed: 3 }), forkWorld(template, { seed: 3 })];
  const command = { command: 'echo $RANDOM; date; cat a; echo more >> a' };
  await used.call('run_shell', { command: 'rm a; echo $RANDOM > b' });
  used.reset();
  for (const world of [used, fresh]) await world.call('run_shell', command);
  assert.deepEqual(used.image(), fresh.image());
  for (const world of [used, fresh]) world.close();
});

describe('the stamp of a table', () => {
  const schema = 'create table files(name text) strict; create table other(name text) strict';
  const openStart = (extra = '') => {
    const store = new Store(null);
    store.script(`${schema};${extra}`);
    const image = store.image();
    store.close();
    return { image, changes: [] };
  };

  it('is 0 at the start and grows with statements that name the table, and with no others', () => {
    const store = new Store(openStart());
    assert.equal(store.stamp('files'), 0);
    store.run("insert into other values ('x')");
    store.rows('select * from files');
    assert.equal(store.stamp('files'), 0);
    store.run("insert into FILES values ('x')");
    const once = store.stamp('files');
    assert.ok(once > 0);
    store.transact(() => store.run('delete from files'));
    assert.ok(store.stamp('files') > once);
    store.reset();
    assert.equal(store.stamp('files'), 0);
    store.close();
  });

  it('is not 0 where something was changed before anybody asked', () => {
    for (const change of [(s: Store) => s.run("insert into files values ('x')"), (s: Store) => s.script('select 1')]) {
      const store = new Store(openStart());
      change(store);
      assert.ok(store.stamp('files') > 0);
      store.close();
    }
  });

  it('grows with every statement where the schema has triggers', () => {
    const trigger = 'create trigger t after insert on other begin insert into files values (new.name); end';
    const store = new Store(openStart(trigger));
    const before = store.stamp('files');
    assert.ok(before > 0);
    store.run("insert into other values ('x')");
    assert.ok(store.stamp('files') > before);
    assert.equal(store.rows('select * from files').length, 1);
    store.close();
  });

  it('stays while the store sleeps', () => {
    const store = new Store(openStart());
    store.run("insert into files values ('x')");
    const before = store.stamp('files');
    assert.ok(store.rest());
    assert.equal(store.stamp('files'), before);
    assert.equal(store.rows('select * from files').length, 1);
    store.close();
  });
});

describe('a row', () => {
  it('has the columns that its table has now', () => {
    const store = new Store(null);
    store.script("create table t(a text) strict; insert into t values ('x')");
    assert.deepEqual(store.rows('select * from t'), [{ a: 'x' }]);
    store.script("alter table t add column b text default 'y'");
    assert.deepEqual(store.rows('select * from t'), [{ a: 'x', b: 'y' }]);
    store.close();
  });
});
