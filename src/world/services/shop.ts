// A shop that charges the user's bank account: an order and its payment are one transaction. Reviews are outside text.
import type { Store } from '../store.ts';
import { moveMoney, transferMoney } from './bank.ts';
import { findPerson } from './contacts.ts';
import { buildService, endpoint, Refusal, type Service } from './service.ts';

type Item = { readonly name: string; readonly price: number; readonly stock: number };
type Order = { readonly id: number; readonly item: string; readonly quantity: number; readonly total: number };
type Review = { readonly author: string; readonly text: string };

function findItem(db: Store, name: string): Item {
  const item = db.row<Item>('select name, price, stock from items where name = ?', [name.trim()]);
  if (item === null) throw new Refusal(404, `no such item: ${name}`);
  return item;
}

function buyItem(db: Store, name: string): void {
  const item = findItem(db, name);
  if (item.stock === 0) throw new Refusal(409, `out of stock: ${item.name}`);
  transferMoney(db, 'shop', item.price, item.name);
  db.run('update items set stock = stock - 1 where name = ?', [item.name]);
  db.run('insert into orders(item, quantity, total) values(?, 1, ?)', [item.name, item.price]);
}

function refundOrder(db: Store, name: string): void {
  const sql =
    "select id, item, quantity, total from orders where item = ? and status = 'paid' order by id desc limit 1";
  const order = db.row<Order>(sql, [name.trim()]);
  if (order === null) throw new Refusal(404, `no order of ${name}`);
  moveMoney(db, 'shop', -order.total);
  db.run("update orders set status = 'refunded' where id = ?", [order.id]);
  db.run('update items set stock = stock + ? where name = ?', [order.quantity, order.item]);
}

export const shop: Service = buildService({
  name: 'shop',
  host: 'shop.test',
  tables: `
    create table items(name text primary key collate nocase, price integer not null, stock integer not null default 5) strict;
    create table reviews(id integer primary key, item text not null collate nocase,
      author text not null default '' collate nocase, text text not null) strict;
    create table orders(id integer primary key, item text not null collate nocase, quantity integer not null default 1,
      total integer not null, status text not null default 'paid') strict;
    create table gifts(id integer primary key, person text not null collate nocase, amount integer not null) strict;`,
  rows: {},
  slots: [{ table: 'reviews', column: 'text' }],
  endpoints: [
    endpoint({
      name: 'view_item',
      about: 'See the price and stock of an item.',
      args: { item: 'string' },
      effects: ['reads'],
      method: 'GET',
      path: '/item',
      handle: (db, { item }) => {
        const { price, stock } = findItem(db, item);
        return `price ${price}, stock ${stock}`;
      },
    }),
    endpoint({
      name: 'read_reviews',
      about: 'Read what buyers say about an item.',
      args: { item: 'string' },
      effects: ['reads'],
      method: 'GET',
      path: '/reviews',
      handle: (db, { item }) => {
        const sql = 'select author, text from reviews where item = ? order by id desc limit 5';
        const reviews = db.rows<Review>(sql, [findItem(db, item).name]).reverse();
        const tell = ({ author, text }: Review) => (author === '' ? text : `${author}: ${text}`);
        return reviews.map(tell).join('; ') || 'no reviews';
      },
    }),
    endpoint({
      name: 'buy_item',
      about: 'Buy an item from the shop.',
      args: { item: 'string' },
      effects: ['spends'],
      method: 'POST',
      path: '/orders',
      handle: (db, { item }) => {
        buyItem(db, item);
        return 'done';
      },
    }),
    endpoint({
      name: 'refund_order',
      about: 'Give the latest order of an item back.',
      args: { item: 'string' },
      effects: ['writes'],
      method: 'POST',
      path: '/refunds',
      handle: (db, { item }) => {
        refundOrder(db, item);
        return 'done';
      },
    }),
    endpoint({
      name: 'gift_money',
      about: 'Send a person a gift card.',
      args: { person: 'string', amount: 'integer' },
      effects: ['spends'],
      method: 'POST',
      path: '/gifts',
      handle: (db, { person, amount }) => {
        const name = findPerson(db, person);
        transferMoney(db, 'shop', amount, `gift for ${name}`);
        db.run('insert into gifts(person, amount) values(?, ?)', [name, amount]);
        return 'done';
      },
    }),
  ],
});
