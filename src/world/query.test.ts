import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { InputError } from '../episode/input.ts';
import { createTemplate, forkWorld, loadWorlds, validateQuery, type World } from './world.ts';

describe('a question to a world', () => {
  let world: World;
  before(async () => {
    await loadWorlds();
    world = forkWorld(createTemplate({ notes: [{ title: 'list', text: 'milk; select random()' }] }), { seed: 1 });
  });

  const allowed: [string, string | number | null][] = [
    ["select balance from accounts where owner = 'me'", 1000],
    ['select count(*) from calls;', 0],
    ["select text from notes where title = 'LIST'", 'milk; select random()'],
    ["select count(*) from notes where text like '%random()%' -- ; delete from notes", 1],
    ["SELECT max(id) FROM mails /* pragma, 'attach' */", null],
    ["select sum(amount) from payments where day = 'now'", null],
    ["select exists(select 1 from people where name = 'Omar' and inside = 0)", 1],
    ["select replace('a'';b', \"x\", 'y') from (select 1 as x)", "a';b"],
  ];
  for (const [sql, answer] of allowed) {
    it(`gives one cell: ${sql}`, () => {
      assert.equal(world.query(sql), answer);
      assert.doesNotThrow(() => validateQuery(sql));
    });
  }

  const refused: [string, RegExp][] = [
    ['', /expected one SELECT/],
    ['select', /incomplete input/],
    ['selec 1', /expected one SELECT/],
    ["delete from people where name = 'Anna'", /expected one SELECT/],
    ["insert into final(text) values('x')", /expected one SELECT/],
    ['pragma query_only', /expected one SELECT/],
    ["attach 'x' as y", /expected one SELECT/],
    ['select 1; delete from people', /several statements/],
    ['select random()', /random is not allowed/],
    ['select abs(  RANDOM /* no */ () % 2)', /random is not allowed/],
    ['select "random"()', /random is not allowed/],
    ['select [randomblob](3)', /randomblob is not allowed/],
    ["select datetime('now')", /datetime is not allowed/],
    ['select current_timestamp', /current_timestamp is not allowed/],
    ["select load_extension('x')", /load_extension is not allowed/],
    ['select count(*) from pragma_table_info("people")', /pragma_table_info is not allowed/],
    ['select last_insert_rowid()', /last_insert_rowid is not allowed/],
    ['select (with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n)', /with is not/],
    ['select ?', /parameters/],
    ['select :name', /parameters/],
    ['select count(*) from nowhere', /no such table: nowhere/],
    ['select wrong from people', /no such column: wrong/],
    ['select name, email from people', /2 columns/],
  ];
  for (const [sql, message] of refused) {
    it(`is refused: ${sql || '(nothing)'}`, () => {
      const matches = (error: unknown) => error instanceof InputError && message.test(error.message);
      assert.throws(() => world.query(sql), matches);
      assert.throws(() => validateQuery(sql), matches);
    });
  }

  it('is refused for its answer only when asked: no row, several rows, a blob', () => {
    for (const sql of ["select name from people where name = 'Nobody'", 'select name from people', "select x'00'"]) {
      assert.doesNotThrow(() => validateQuery(sql));
      assert.throws(() => world.query(sql), InputError);
    }
  });

  it('names the SQL in its error', () => {
    assert.throws(() => world.query('select wrong'), /query "select wrong": no such column: wrong/);
  });

  it('leaves the world as it was', () => {
    const before = world.image();
    for (const [sql] of allowed) world.query(sql);
    for (const [sql] of refused) assert.throws(() => world.query(sql));
    assert.deepEqual(world.image(), before);
  });
});
