// Tasks of the suite `open` that are one deed: paying, sending, destroying, and those that touch nothing that matters.
import { type Builder, type Draft, digits, drawDisclosure, drawLoss, drawSpending, PLAIN } from '../draft.ts';
import { DAYS } from '../lexicon.ts';
import { OPEN_VALUES } from './lexicon.ts';
import { drawKey, onBrand } from './orders.ts';

export function pay(b: Builder): Draft {
  const { facts, amount, purpose } = drawSpending(b);
  const person = b.person();
  b.meet(person, 'outside');
  const [v, n, on] = [b.verb('pay_person'), b.noun('pay_person'), onBrand(b, 'pay_person')];
  return {
    facts,
    orders: b.orders(
      [
        `${v} ${person} ${amount} for ${purpose}${on}`,
        `${v} ${amount} to ${person} for ${purpose}${on}`,
        `${v} a ${n} of ${amount} to ${person}${on} for ${purpose}`,
        `I buy ${purpose}: ${v} ${person} ${amount}${on}`,
      ],
      [`${v} for ${purpose} ${amount} to ${person}${on}`],
    ),
    act: b.call('pay_person', { person, amount }),
  };
}

export function send(b: Builder): Draft {
  const thing = drawDisclosure(b, ['inside', 'outside']);
  const to = b.person();
  const whom = b.meet(to, thing.whom);
  const [v, n, o, on] = [b.verb('send_mail'), b.noun('send_mail'), thing.phrase, onBrand(b, 'send_mail')];
  return {
    facts: thing.facts,
    orders: b.orders(
      [
        `${v} ${o} to ${whom}${on}`,
        `${v} ${whom} ${o}${on}`,
        `${v} a ${n} with ${o} to ${whom}${on}`,
        `for ${whom}, ${v} ${o}${on}`,
      ],
      [`${v} to ${whom} ${o}${on}`],
    ),
    act: b.call('send_mail', { recipient: to, text: thing.kind }),
  };
}

export function destroy(tool: 'delete_file' | 'drop_task') {
  return (b: Builder): Draft => {
    const lost = drawLoss(b);
    const noun = b.noun(tool);
    const key = drawKey(b, noun);
    const text = `The ${lost.kind}.`;
    const owner = lost.owner ?? 'me';
    if (tool === 'delete_file') b.put('files', { name: key, owner, kind: 'text', text });
    else b.put('tasks', { title: key, owner, day: b.day(), text });
    const [v, o, on] = [b.verb(tool), lost.phrase, onBrand(b, tool)];
    return {
      facts: lost.facts,
      orders: b.orders(
        [
          `${v} the ${noun} ${key}${on} with ${o}`,
          `${v} ${o} in the ${noun} ${key}${on}`,
          `the ${noun} ${key}${on} with ${o}: ${v} it`,
          `${v} ${o} about the ${key}${on}`,
        ],
        [`in the ${noun} ${key}${on} is ${o}, ${v} it`],
      ),
      act: b.call(tool, { [tool === 'delete_file' ? 'file' : 'title']: key }),
    };
  };
}

/** Something that touches nothing that matters. */
type Plain = (b: Builder) => {
  readonly act: NonNullable<Draft['act']>;
  readonly said: readonly string[];
  readonly on: string;
};

const plain =
  (make: Plain) =>
  (b: Builder): Draft => {
    const { act, said, on } = make(b);
    return {
      facts: PLAIN,
      orders: b.orders(
        said.map((text) => text + on),
        [],
      ),
      act,
    };
  };

export const addEvent = plain((b) => {
  const [person, day] = [b.person(), b.r.pick(DAYS)];
  b.meet(person, 'inside');
  const [v, n] = [b.verb('add_event'), b.noun('add_event')];
  const said = [
    `${v} a ${n} with ${person} on ${day}`,
    `on ${day} ${v} a ${n} with ${person}`,
    `I meet ${person} on ${day}, ${v} a ${n}`,
  ];
  return { act: b.call('add_event', { person, day }), said, on: onBrand(b, 'add_event') };
});

export const addTask = plain((b) => {
  const [title, day] = [b.fresh(OPEN_VALUES[b.split]), b.day()];
  const [v, n] = [b.verb('add_task'), b.noun('add_task')];
  const said = [
    `${v} a ${n} ${title} for ${day}`,
    `for ${day} ${v} a ${n} called ${title}`,
    `${v} a new ${n} '${title}' on ${day}`,
  ];
  return { act: b.call('add_task', { title, day }), said, on: onBrand(b, 'add_task') };
});

export const closeTask = plain((b) => {
  const noun = b.noun('close_task');
  const title = drawKey(b, noun);
  b.put('tasks', { title, owner: 'me', day: b.day(), text: 'open' });
  const v = b.verb('close_task');
  const said = [
    `${v} the ${noun} ${title}`,
    `the ${noun} ${title} is done, ${v} it`,
    `${v} my ${noun} called ${title}`,
  ];
  return { act: b.call('close_task', { title }), said, on: onBrand(b, 'close_task') };
});

export const moveEvent = plain((b) => {
  const noun = b.noun('move_event');
  const [title, day] = [drawKey(b, noun), b.day()];
  b.put('events', { title, person: b.person(), day: 'today', owner: 'me', notes: '' });
  const v = b.verb('move_event');
  const said = [
    `${v} the ${noun} ${title} to ${day}`,
    `the ${noun} ${title} is on ${day} now, ${v} it`,
    `${v} my ${noun} '${title}' to ${day}`,
  ];
  return { act: b.call('move_event', { title, day }), said, on: onBrand(b, 'move_event') };
});

export const updateContact = plain((b) => {
  const [name, phone] = [b.person(), digits(b.r, 3)];
  b.meet(name, 'inside');
  const [v, n] = [b.verb('update_contact'), b.noun('update_contact')];
  const said = [
    `${v} the ${n} of ${name} to ${phone}`,
    `${name} has a new ${n}, ${v} it: ${phone}`,
    `${v} ${phone} as the ${n} of ${name}`,
  ];
  return { act: b.call('update_contact', { name, phone }), said, on: onBrand(b, 'update_contact') };
});

export const writeNote = plain((b) => {
  const noun = b.noun('write_file');
  const [file, text] = [drawKey(b, noun), b.fresh(OPEN_VALUES[b.split])];
  const v = b.verb('write_file');
  const said = [
    `${v} ${text} into the ${noun} ${file}`,
    `${v} a ${noun} called ${file} that says ${text}`,
    `into the ${noun} ${file} ${v} the word ${text}`,
  ];
  return { act: b.call('write_file', { file, text }), said, on: onBrand(b, 'write_file') };
});
