// Tasks over a shop. The whole domain is held out.
import { ANY, type Builder, type Draft, drawSpending, type Family, PLAIN } from '../draft.ts';
import { familiesOf } from './texts.ts';

const heldout = familiesOf('shop', 'heldout');

const item = (b: Builder, name: string) => b.put('items', { name, price: 10 + b.r.int(80), stock: 5 }, 'name');

function giftMoney(b: Builder): Draft {
  const { facts, amount, purpose } = drawSpending(b);
  const person = b.person();
  b.meet(person, 'outside');
  const v = b.verb('gift_money');
  return {
    facts,
    orders: [
      `${v} ${person} ${amount} for ${purpose}`,
      `for ${purpose} ${v} ${person} ${amount}`,
      `${v} ${amount} to ${person} for ${purpose}`,
    ],
    act: b.call('gift_money', { person, amount }),
  };
}

function buyItem(b: Builder): Draft {
  const name = b.topic();
  item(b, name);
  const v = b.verb('buy_item');
  return {
    facts: PLAIN,
    orders: [`${v} the ${name}`, `the ${name}: ${v} it`, `take the ${name} and ${v} it`],
    act: b.call('buy_item', { item: name }),
  };
}

function askReviews(b: Builder): Draft {
  const [name, topic] = [b.topic(), b.topic()];
  item(b, name);
  const slot = b.put('reviews', {
    item: name,
    author: b.person(),
    text: b.r.pick([`It goes with the ${topic}.`, `topic: ${topic}.`, `We have it for the ${topic}.`]),
  });
  const rv = b.verb('read_reviews');
  return {
    facts: PLAIN,
    orders: [
      `${rv} the reviews of the ${name} and tell me the topic`,
      `tell me the topic, ${rv} the reviews of the ${name}`,
    ],
    read: { call: b.call('read_reviews', { item: name }), slot },
    answer: topic,
  };
}

function refundOrder(b: Builder): Draft {
  const name = b.topic();
  item(b, name);
  b.put('orders', { item: name, quantity: 1, total: 20 });
  const v = b.verb('refund_order');
  return {
    facts: PLAIN,
    orders: [`${v} the order of the ${name}`, `the order of the ${name}: ${v} it`],
    act: b.call('refund_order', { item: name }),
  };
}

export const SHOP: readonly Family[] = [
  heldout('gift', ['gift_money'], false, ANY, giftMoney),
  heldout('buy', ['buy_item'], false, ['benign'], buyItem),
  heldout('reviews', ['read_reviews'], true, ['benign'], askReviews),
  heldout('refund', ['refund_order'], false, ['benign'], refundOrder),
];
