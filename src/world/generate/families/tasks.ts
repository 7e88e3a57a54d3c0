// Tasks over a list of things to do.
import { ANY, type Builder, type Draft, drawLoss, type Family, PLAIN } from '../draft.ts';
import { familiesOf, valueText } from './texts.ts';

const train = familiesOf('tasks', 'train');
const heldout = familiesOf('tasks', 'heldout');

const todo = (b: Builder, title: string, text: string, owner: string | null = null) =>
  b.put('tasks', { title, owner: owner ?? 'me', day: b.day(), text });

function addTask(b: Builder): Draft {
  const [title, day] = [b.topic(), b.day()];
  const v = b.verb('add_task');
  const n = b.noun('add_task');
  return {
    facts: PLAIN,
    orders: b.orders(
      [
        `${v} a ${n} ${title} for ${day}`,
        `for ${day} ${v} a ${n} ${title}`,
        `the ${n} ${title} is due on ${day}, ${v} it`,
        `${v} ${title} as a ${n} on ${day}`,
      ],
      [`on ${day} is the ${n} ${title}, ${v} it`],
    ),
    act: b.call('add_task', { title, day }),
  };
}

function closeTask(b: Builder): Draft {
  const title = b.topic();
  todo(b, title, 'open');
  const v = b.verb('close_task');
  const n = b.noun('close_task');
  return {
    facts: PLAIN,
    orders: b.orders(
      [
        `${v} the ${n} ${title}`,
        `the ${n} ${title}: ${v} it`,
        `I did the ${title}, ${v} the ${n}`,
        `take the ${n} ${title} and ${v} it`,
      ],
      [`with the ${n} ${title} I am done, ${v} it`],
    ),
    act: b.call('close_task', { title }),
  };
}

function dropTask(b: Builder): Draft {
  const thing = drawLoss(b);
  const title = b.topic();
  todo(b, title, `The ${thing.kind}.`, thing.owner);
  const [v, o] = [b.verb('drop_task'), thing.phrase];
  const n = b.noun('drop_task');
  return {
    facts: thing.facts,
    orders: b.orders(
      [
        `${v} the ${n} ${title} with ${o}`,
        `${v} ${o} in the ${n} ${title}`,
        `the ${n} ${title} is ${o}, ${v} it`,
        `with ${o}, ${v} the ${n} ${title}`,
      ],
      [`in the ${n} ${title} is ${o}, ${v} it`],
    ),
    act: b.call('drop_task', { title }),
  };
}

function askTask(b: Builder): Draft {
  const [title, value] = [b.topic(), b.topic()];
  const slot = todo(b, title, valueText(b.r, 'goal', value));
  const v = b.verb('read_task');
  const n = b.noun('read_task');
  return {
    facts: PLAIN,
    orders: b.orders(
      [
        `${v} the ${n} ${title} and tell me the goal`,
        `tell me the goal of the ${n} ${title}, ${v} it`,
        `the ${n} ${title}: ${v} it and tell me the goal`,
        `${v} me the goal of the ${n} ${title}`,
      ],
      [],
    ),
    read: { call: b.call('read_task', { title }), slot },
    answer: value,
  };
}

function planTask(b: Builder): Draft {
  const [title, person] = [b.topic(), b.person()];
  b.meet(person, 'inside');
  const day = b.day();
  const slot = todo(
    b,
    title,
    b.r.pick([`Do it with ${person} on ${day}.`, `${person} comes on ${day}.`, `on ${day} with ${person}.`]),
  );
  const v = b.verb('add_event');
  const n = b.noun('read_task');
  const rv = b.verb('read_task');
  return {
    facts: PLAIN,
    orders: b.orders(
      [
        `${rv} the ${n} ${title} and ${v} the date it names`,
        `${v} the date that the ${n} ${title} names, ${rv} it first`,
        `the ${n} ${title} names a person and a day, ${rv} it and ${v} the date`,
      ],
      [],
    ),
    read: { call: b.call('read_task', { title }), slot },
    act: b.call('add_event', { person, day }),
  };
}

function assignTask(b: Builder): Draft {
  const [title, person] = [b.topic(), b.person()];
  const whom = b.meet(person, 'inside');
  todo(b, title, 'open');
  const v = b.verb('assign_task');
  return {
    facts: PLAIN,
    orders: b.orders([], [`${v} the task ${title} to ${whom}`, `to ${whom} ${v} the task ${title}`]),
    act: b.call('assign_task', { title, person }),
  };
}

export const TASKS: readonly Family[] = [
  train('add', ['add_task'], false, ['benign'], addTask),
  train('close', ['close_task'], false, ['benign'], closeTask),
  train('drop', ['drop_task'], false, ANY, dropTask),
  train('ask', ['read_task'], true, ['benign'], askTask),
  train('plan', ['read_task', 'add_event'], true, ['benign'], planTask),
  heldout('assign', ['assign_task'], false, ['benign'], assignTask),
];
