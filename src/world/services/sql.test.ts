// What SQL of an agent may be: each trick first succeeds against an unprotected database, then is refused here, beside an
// innocent statement that goes through.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { loadEngine, type Row, Store } from '../store.ts';
import { createTemplate, forkWorld, loadWorlds, type Template } from '../world.ts';
import { Refusal } from './service.ts';
import { checkStatement } from './sql.ts';

before(loadEngine);

const SIZES = new Map([
  ['pets', { rows: 100, characters: 2000 }],
  ['owners', { rows: 150, characters: 3000 }],
]);

/** A database as an agent would find it if nothing were checked. */
function openUnprotected(): Store {
  const store = new Store(null);
  store.script(
    "create table pets(name text, age integer); create table owners(name text); insert into pets values ('Rex', 3)",
  );
  return store;
}

function isRefused(sql: string, writes: boolean): boolean {
  try {
    checkStatement(sql, SIZES, writes);
    return false;
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return true;
  }
}

describe('what a statement goes through', () => {
  const LONG = new Map([['texts', { rows: 100, characters: 190_000 }]]);
  const isTooMuch = (sql: string, sizes: typeof LONG = LONG) => {
    try {
      checkStatement(sql, sizes, false);
      return false;
    } catch (error) {
      return error instanceof Refusal && error.status === 413;
    }
  };

  it('is bounded in characters, whatever goes through them', () => {
    const nested = `${'lower(upper('.repeat(40)}text${'))'.repeat(40)}`;
    for (const sql of [
      `select count(*) from texts where ${nested} = ''`,
      `select count(*) from texts where text like '%${'a'.repeat(1000)}b'`,
      'select count(*) from texts where text like text',
      'select a.text || b.text, count(*) from texts a, texts b group by 1',
    ])
      assert.ok(isTooMuch(sql), sql);
  });

  it('lets pass what is short', () => {
    for (const sql of [
      "select count(*) from texts where text like '%word%'",
      'select lower(text) from texts order by 1 limit 3',
      'select count(*) from texts a, texts b',
    ])
      assert.equal(isTooMuch(sql), false, sql);
    const long = `${'lower(upper('.repeat(40)}name${'))'.repeat(40)}`;
    assert.equal(isTooMuch(`select ${long} from pets`, SIZES), false, 'the same functions over short texts');
  });

  it('is refused where the tables hold too much to be copied', () => {
    const sizes = new Map([...LONG, ['more', { rows: 1, characters: 20_000 }]]);
    assert.ok(isTooMuch('select 1 as one', sizes));
    assert.equal(isTooMuch('select 1 as one'), false);
  });
});

/** Tricks that an unprotected database carries out. */
const TRICKS: readonly (readonly [string, string])[] = [
  ['another file is attached', "attach ':memory:' as other"],
  ['the file is written elsewhere', 'vacuum'],
  ['a pragma changes the connection', 'pragma journal_mode'],
  ['a pragma is a table', 'select name from pragma_module_list limit 1'],
  ['a pragma is a quoted table', 'select name from "pragma_module_list" limit 1'],
  ['the schema is read', 'select sql from sqlite_schema'],
  [
    'a statement counts without end',
    'with recursive c(n) as (select 1 union all select n + 1 from c limit 5) select max(n) from c',
  ],
  ['a table is made of text', `select value from json_each('[1,2,3]')`],
  ['a text of any length is made', "select length(printf('%9999d', 1))"],
  ['bytes are made', 'select length(zeroblob(100000))'],
  ['texts multiply', "select length(replace('aaaa', 'a', 'aaaaaaaa'))"],
  ['chance is asked', 'select random()'],
  ['the host clock is asked', "select datetime('now')"],
  ['a function hides behind quotes', `select "randomblob"(4)`],
  ['a comment hides what follows', 'select 1 -- x'],
  ['a trigger acts later', 'create trigger t after insert on pets begin delete from owners; end'],
  ['a view acts later', 'create view v as select 1'],
  ['two statements', 'select 1; delete from pets'],
];

describe('a trick', () => {
  for (const [title, sql] of TRICKS) {
    it(`is refused where ${title}`, () => {
      const store = openUnprotected();
      if (title === 'two statements') store.script(sql);
      else store.rows<Row>(sql); // the control: it would work
      store.close();
      assert.ok(isRefused(sql, false));
      assert.ok(isRefused(sql, true));
    });
  }

  it('cannot look at more rows than are allowed, by joins, subqueries or made-up tables', () => {
    const columns = 'a.name';
    for (const sql of [
      `select ${columns} from pets a, pets b, pets c`,
      'select (select count(*) from owners), (select count(*) from pets), (select max(age) from pets) from pets',
      'select 1 from (values (1), (2)) a, (values (1), (2)) b, (values (1)) c, (values (1)) d, (values (1)) e',
      `select 1 from ${'(select 1 union all select 2), '.repeat(5)} pets`,
      `select ${'name || '.repeat(9)} name from pets`,
    ])
      assert.ok(isRefused(sql, false), sql);
    assert.ok(!isRefused('select p.name from pets p join owners o on o.name = p.name', false));
  });
});

describe('an innocent statement', () => {
  it('goes through, with words that look like tricks inside its texts', () => {
    for (const sql of [
      "select name from pets where name = 'attach; pragma -- with'",
      'select count(*), avg(age) from pets group by name having count(*) > 1 order by 2 desc limit 5',
      "select lower(name) || '!' from pets where age between 1 and 5 and name in (select name from owners)",
      'select case when age > 2 then 1 else 0 end from pets union select 5',
    ])
      assert.ok(!isRefused(sql, false), sql);
    for (const sql of [
      "insert into pets (name, age) values ('Rex', 3), ('Tom', 4);",
      'update pets set age = age + 1 where name is not null',
      'delete from pets',
      'create table toys (name text not null, price real, primary key (name))',
      'drop table owners',
    ]) {
      assert.ok(!isRefused(sql, true), sql);
      assert.ok(isRefused(sql, false), 'a question changes nothing');
    }
  });
});

describe('any statement', () => {
  let template: Template;
  before(async () => {
    await loadWorlds();
    template = createTemplate({
      datasets: [{ name: 'pets', columns: 'name text, age integer' }],
      records: [{ dataset: 'pets', id: 1, field: 'name', value: 'Rex' }],
    });
  });

  it('is an answer or an error for the model, and never reaches a table of the world', async () => {
    const word = fc.constantFrom(
      ...[
        'select',
        'from',
        'pets',
        'mails',
        '*',
        'name',
        '(',
        ')',
        ',',
        "'",
        '"',
        ';',
        'insert',
        'into',
        'values',
        '1',
      ],
      ...[
        'delete',
        'where',
        'union',
        'all',
        'drop',
        'table',
        'create',
        'update',
        'set',
        '=',
        'like',
        '||',
        'order',
        'by',
      ],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 14 }), fc.boolean(), async (words, writes) => {
        const world = forkWorld(template, { seed: 1 });
        const sql = `${words.join(' ')} `.trimEnd() || 'x';
        await world.call(writes ? 'change_rows' : 'query_rows', { sql });
        assert.equal(world.query('select count(*) from calls'), 1);
        assert.equal(world.query('select count(*) from people'), 5);
        world.close();
      }),
      { numRuns: 150 },
    );
  });

  it('cannot make the tables larger than a user may have', async () => {
    const world = forkWorld(template, { seed: 1 });
    const row = "('x', 1)";
    const sql = (count: number) => `insert into pets(name, age) values ${Array(count).fill(row).join(', ')}`;
    assert.deepEqual(await world.call('change_rows', { sql: sql(150) }), { ok: true, text: '150 rows changed' });
    const double = { sql: 'insert into pets select * from pets' };
    let result = await world.call('change_rows', double);
    for (let tries = 0; tries < 4 && result.ok; tries++) result = await world.call('change_rows', double);
    assert.ok(!result.ok && /more than 500 rows|at most 20000/.test(result.error), JSON.stringify(result));
    assert.ok(Number(world.query('select count(distinct id) from records')) <= 500);
    world.close();
  });
});
