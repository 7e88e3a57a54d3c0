import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { InputError } from '../episode/input.ts';
import { CALL_TIME, CLOCK_START, createTemplate, forkWorld, loadWorlds, type Template, type World } from './world.ts';

const CALLS = [
  ['read_mail', { sender: 'Anna' }],
  ['pay_person', { person: 'Ben', amount: 20 }],
  ['send_mail', { recipient: 'Omar', text: 'hello' }],
  ['run_shell', { command: 'echo $RANDOM > dice; date >> dice; touch now; ls -l' }],
  ['write_file', { file: 'a.txt', text: 'x' }],
  ['pay_person', { person: 'Nobody', amount: 20 }],
] as const;

let template: Template;
before(async () => {
  await loadWorlds();
  template = createTemplate({
    mails: [{ sender: 'Anna', body: 'hello' }],
    pages: [{ site: 'news.test', text: 'news' }],
  });
});

async function playCalls(world: World): Promise<Uint8Array> {
  for (const [name, args] of CALLS) await world.call(name, args);
  const image = world.image();
  world.close();
  return image;
}

describe('a forked world', () => {
  it('starts byte for byte alike, whatever its seed', () => {
    const images = [1, 1, 2].map((seed) => forkWorld(template, { seed })).map((world) => world.image());
    assert.deepEqual(images[1], images[0]);
    assert.deepEqual(images[2], images[0]);
  });

  it('is alone: what happens in one is not seen in another nor in the template', async () => {
    const before = template.image.slice();
    const [one, two] = [forkWorld(template, { seed: 1 }), forkWorld(template, { seed: 1 })];
    await one.call('pay_person', { person: 'Ben', amount: 20 });
    assert.equal(one.query("select balance from accounts where owner = 'me'"), 980);
    assert.equal(two.query("select balance from accounts where owner = 'me'"), 1000);
    assert.equal(two.query('select count(*) from calls'), 0);
    assert.deepEqual(template.image, before);
    assert.notDeepEqual(one.image(), two.image());
  });

  it('gives the same bytes for the same seed, one after another and at once', async () => {
    const first = await playCalls(forkWorld(template, { seed: 7 }));
    const second = await playCalls(forkWorld(template, { seed: 7 }));
    assert.deepEqual(second, first);
    const seeds = [7, 8, 7, 9, 7];
    const many = await Promise.all(seeds.map((seed) => playCalls(forkWorld(template, { seed }))));
    for (const [index, seed] of seeds.entries()) {
      if (seed === 7) assert.deepEqual(many[index], first);
      else assert.notDeepEqual(many[index], first);
    }
  });

  it('has a clock that only calls move', async () => {
    const world = forkWorld(template, { seed: 1 });
    assert.equal(world.clock, CLOCK_START);
    world.query('select count(*) from calls');
    await world.call('list_mails', {});
    await world.call('no_such_tool', {});
    assert.equal(world.clock, CLOCK_START + 2 * CALL_TIME);
  });

  it('cannot be used once closed, and may be closed twice', () => {
    const world = forkWorld(template, { seed: 1 });
    world.close();
    world.close();
    assert.throws(() => world.query('select 1'));
  });
});

describe('the trace', () => {
  it('holds every call with its step, arguments in canonical form, and result', async () => {
    const world = forkWorld(template, { seed: 1 });
    await world.call('pay_person', { person: 'Ben', amount: 20 }, 5);
    await world.call('pay_person', { amount: 2000, person: 'Ben' });
    assert.deepEqual(world.db.rows('select * from calls'), [
      { id: 1, step: 5, tool: 'pay_person', arguments: '{"amount":20,"person":"Ben"}', ok: 1, result: 'done' },
      {
        id: 2,
        step: 2,
        tool: 'pay_person',
        arguments: '{"amount":2000,"person":"Ben"}',
        ok: 0,
        result: 'over the limit of 1000',
      },
    ]);
    assert.equal(world.query("select arguments ->> 'amount' from calls where id = 1"), 20);
  });

  it('holds every request and the final text', async () => {
    const world = forkWorld(template, { seed: 1 });
    await world.call('read_mail', { sender: 'Anna B' });
    await world.call('send_mail', { recipient: 'Anna', text: 'x' });
    world.finish('all done');
    assert.deepEqual(world.db.rows('select method, url, status from requests'), [
      { method: 'GET', url: 'https://mail.test/mails/latest?sender=Anna+B', status: 404 },
      { method: 'POST', url: 'https://mail.test/mails', status: 200 },
    ]);
    assert.equal(world.query('select text from final'), 'all done');
  });
});

describe('a request into the world', () => {
  const ask = async (world: World, url: string, init?: RequestInit) => {
    const response = await world.request(url, init);
    return `${response.status} ${await response.text()}`;
  };

  it('reaches the service of that host', async () => {
    const world = forkWorld(template, { seed: 1 });
    assert.equal(await ask(world, 'https://bank.test/balance'), '200 1000');
    const body = new URLSearchParams({ person: 'Ben', amount: '30' });
    assert.equal(await ask(world, 'https://bank.test/payments', { method: 'POST', body: body.toString() }), '200 done');
    assert.equal(await ask(world, 'https://bank.test/balance'), '200 970');
  });

  it('reaches the sites of the web and no other host', async () => {
    const world = forkWorld(template, { seed: 1 });
    assert.equal(await ask(world, 'https://news.test/any/path'), '200 news');
    assert.equal(await ask(world, 'https://news.test/', { method: 'POST', body: 'secret' }), '200 done');
    assert.equal(world.query('select text from posts'), 'secret');
    assert.equal(await ask(world, 'https://localhost/'), '404 no such site: localhost');
    assert.equal(await ask(world, 'not a url'), '400 bad address: not a url');
  });

  it('is refused if the service does not understand it', async () => {
    const world = forkWorld(template, { seed: 1 });
    const json = { 'content-type': 'application/json' };
    const post = (body: string) => ask(world, 'https://bank.test/payments', { method: 'POST', body, headers: json });
    assert.equal(await post('{'), '400 the body is not a JSON object');
    assert.equal(await post('3'), '400 the body is not a JSON object');
    assert.equal(await post('{"person":"Ben"}'), '400 missing argument: amount');
    assert.equal(await ask(world, 'https://bank.test/vault'), '404 not found');
  });
});

describe('a template', () => {
  it('puts rows on top of the standard ones; a row with the same key replaces', () => {
    const state = { accounts: [{ owner: 'me', balance: 5 }], people: [{ name: 'anna', inside: 0 }, { name: 'Zoe' }] };
    const world = forkWorld(createTemplate(state), { seed: 1 });
    assert.equal(world.query("select balance from accounts where owner = 'me'"), 5);
    assert.equal(world.query("select inside from people where name = 'Anna'"), 0);
    assert.equal(world.query('select count(*) from people'), 6);
  });

  it('can leave the standard rows out', () => {
    const world = forkWorld(createTemplate({}, { base: false }), { seed: 1 });
    assert.equal(world.query('select count(*) from people'), 0);
  });

  it('can offer some tools only', async () => {
    const world = forkWorld(createTemplate({}, { tools: ['list_mails'] }), { seed: 1 });
    assert.deepEqual(await world.call('list_mails', {}), { ok: true, text: 'no mails' });
    assert.deepEqual(await world.call('list_files', {}), { ok: false, error: 'no such tool: list_files' });
  });

  it('refuses what does not fit the tables, naming the row', () => {
    const refuses = (work: () => unknown, message: RegExp) =>
      assert.throws(work, (error) => error instanceof InputError && message.test(error.message));
    refuses(() => createTemplate({ nowhere: [] }), /state\.nowhere: no such table/);
    refuses(() => createTemplate({ calls: [] }), /state\.calls: no such table/);
    refuses(() => createTemplate({ mails: [{ body: 'x' }, { text: 'x' }] }), /state\.mails\[2\]: no column text/);
    refuses(() => createTemplate({ mails: [{ sender: 'Anna' }] }), /state\.mails\[1\]: NOT NULL.*mails\.body/);
    refuses(() => createTemplate({ items: [{ name: 'x', price: 'dear' }] }), /state\.items\[1\]: cannot store TEXT/);
    refuses(() => createTemplate({ mails: [{ 'body) values(1); --': 'x' }] }), /no column/);
    refuses(() => createTemplate({}, { tools: ['nope'] }), /tools: no such tool: nope/);
  });
});
