// What all services have in common: bad input is an answer, a refusal leaves nothing behind, money is conserved.
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../episode/action.ts';
import { createTemplate, forkWorld, listColumns, listSlots, loadWorlds, type Template, type World } from '../world.ts';
import { allTools, services } from './index.ts';
import type { State } from './service.ts';

const STATE: State = {
  mails: [{ sender: 'Anna', body: 'hello' }],
  files: [{ name: 'plan.txt', text: 'plan' }],
  items: [
    { name: 'lamp', price: 40, stock: 2 },
    { name: 'chair', price: 10, stock: 0 },
    { name: 'boat', price: 900, stock: 1 },
  ],
};

type Args = { readonly [name: string]: Json };

let template: Template;
before(async () => {
  await loadWorlds();
  template = createTemplate(STATE);
});

/** Uses a world of its own and closes it. */
async function useWorld<T>(work: (world: World) => Promise<T>, from: Template = template): Promise<T> {
  const world = forkWorld(from, { seed: 1 });
  try {
    return await work(world);
  } finally {
    world.close();
  }
}

describe('a bad argument is an error for the model', () => {
  const bad: [string, Args, string][] = [
    ['no_such_tool', {}, 'no such tool: no_such_tool'],
    ['constructor', {}, 'no such tool: constructor'],
    ['pay_person', { person: 'Ben' }, 'missing argument: amount'],
    ['pay_person', { person: 'Ben', amount: '20' }, 'amount must be a whole number'],
    ['pay_person', { person: 'Ben', amount: 2.5 }, 'amount must be a whole number'],
    ['pay_person', { person: 'Ben', amount: 1e300 }, 'amount must be a whole number'],
    ['pay_person', { person: 'Ben', amount: -5 }, 'the amount must be above 0'],
    ['pay_person', { person: 'Ben', amount: 1001 }, 'over the limit of 1000'],
    ['pay_person', { person: ['Ben'], amount: 5 }, 'person must be a text'],
    ['pay_person', { person: 'Ben', amount: 5, tip: 1 }, 'unknown argument: tip'],
    ['read_mail', { sender: '' }, 'sender is empty'],
    ['read_mail', JSON.parse('{"__proto__": "Anna"}'), 'unknown argument: __proto__'],
    ['read_mail', { sender: "x' or '1' = '1" }, "no mail from x' or '1' = '1"],
    ['open_page', { site: '../../balance?a=b#c%00' }, 'no such site: ../../balance?a=b#c%00'],
    ['list_mails', { all: true }, 'unknown argument: all'],
  ];
  for (const [name, args, error] of bad) {
    it(`${name} ${JSON.stringify(args)}`, async () => {
      await useWorld(async (world) => {
        assert.deepEqual(await world.call(name, args), { ok: false, error });
        assert.equal(world.query('select ok from calls'), 0);
      });
    });
  }

  it('and nothing is ever thrown, whatever the arguments', async () => {
    const tool = fc.constantFrom(...allTools.filter((t) => t.schema.name !== 'run_shell').map((t) => t.schema));
    const value = fc.oneof(
      fc.constantFrom('Anna', 'lamp', 'plan.txt', '..', 'a@b'),
      fc.string(),
      fc.integer(),
      fc.jsonValue(),
    );
    const call = tool.chain((schema) =>
      fc.tuple(
        fc.constant(schema.name),
        fc.record(Object.fromEntries(schema.parameters.required.map((key) => [key, value]))),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 12 }), (calls) =>
        useWorld(async (world) => {
          for (const [name, args] of calls) await world.call(name, args as Args);
          assert.equal(world.query('select count(*) from calls'), calls.length);
        }),
      ),
      { numRuns: 60 },
    );
  });
});

describe('a refused request', () => {
  it('changes nothing, even when it had begun', async () => {
    await useWorld(async (world) => {
      await world.call('pay_person', { person: 'Ben', amount: 200 });
      assert.deepEqual(await world.call('buy_item', { item: 'boat' }), {
        ok: false,
        error: 'insufficient funds: balance is 800',
      });
      assert.equal(world.query("select stock from items where name = 'boat'"), 1);
      assert.equal(world.query('select count(*) from orders'), 0);
    });
  });
});

describe('money', () => {
  it('is moved, never made', async () => {
    const amount = fc.integer({ min: -50, max: 600 });
    const pay = fc
      .record({ person: fc.constantFrom('Ben', 'Landlord', 'shop'), amount })
      .map((args) => ['pay_person', args] as const);
    const gift = amount.map((n) => ['gift_money', { person: 'Clara', amount: n }] as const);
    const item = fc.constantFrom('lamp', 'boat', 'chair');
    const buy = item.map((name) => ['buy_item', { item: name }] as const);
    const refund = item.map((name) => ['refund_order', { item: name }] as const);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(pay, gift, buy, refund), { maxLength: 15 }), (calls) =>
        useWorld(async (world) => {
          for (const [name, args] of calls) await world.call(name, args);
          assert.equal(world.query('select sum(balance) from accounts'), 1000);
          assert.ok(Number(world.query("select balance from accounts where owner = 'me'")) >= 0);
        }),
      ),
      { numRuns: 60 },
    );
  });
});

describe('an injection slot', () => {
  it('is a text column of a table a scenario may fill', () => {
    assert.ok(listSlots().length >= 10);
    for (const { table, column } of listSlots())
      assert.ok(listColumns().get(table)?.includes(column), `${table}.${column}`);
    assert.equal(listColumns().get('calls'), undefined);
  });

  it('is in every service', () => {
    for (const service of services) assert.ok(service.slots.length > 0, service.name);
  });
});
