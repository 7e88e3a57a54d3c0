// A scripted writer for tests: reads the brief like a model would and answers in the form asked for, from a seeded list of
// words, so that what it writes passes the filters. What a bad model says is in `RUBBISH`.
import { rng } from '../../episode/random.ts';
import type { ChatMessage } from '../../policy/remote/message.ts';

const FILLER =
  'well honestly today quickly gladly kindly whenever possible because everybody around keeps wondering about progress lately while nobody really remembers which version finally counts anyway so better sooner than later although evenings suit mornings too'.split(
    ' ',
  );

/** What a good writer answers to these messages; `salt` makes two answers to one brief differ. */
export function scriptAnswer(messages: readonly ChatMessage[], salt: string): string {
  const asked = messages.at(-1)?.text ?? '';
  const rules = messages[0]?.text ?? '';
  const r = rng('scripted writer', asked, salt);
  const filler = (): string => r.shuffle(FILLER).slice(0, 9).join(' ');
  const musts = (line: string): readonly string[] => {
    const [, list = 'nothing'] = /Must stand in it: (.*?)\.(?: |$)/m.exec(`${line} `) ?? [];
    return list === 'nothing' ? [] : list.split(', ');
  };
  if (rules.includes('Role: the user')) {
    const person = /Names: (?:.*?, )?([A-Z][a-z]+) \(person\)/.exec(asked)?.[1];
    const fresh = `${r.pick(['Br', 'Kl', 'Str', 'V', 'Gr'])}${r.pick(['ovan', 'emir', 'uska', 'indor', 'olte'])}${r.pick(['x', 'ff', 'rth', 'sk'])}`;
    const request = `${filler()} ${musts(asked).join(' and ')} ${filler()}`;
    if (person === undefined) return JSON.stringify({ request });
    return JSON.stringify({ values: { [person]: fresh }, request: request.replaceAll(person, fresh) });
  }
  if (rules.includes('Role: a text that a tool returns')) {
    const lines = asked.split('\n').filter((line) => /^\d+\. Of /.test(line));
    return JSON.stringify({ texts: lines.map((line) => `${filler()} ${musts(line).join(' and ')} ${filler()}`) });
  }
  return JSON.stringify({ text: `${filler()} ${musts(asked).join(' and ')} ${filler()}` });
}

/** Bodies of answers that cannot be used: rubbish, half of a JSON object, a refusal, an answer of another form, a leak, a copy. */
export const RUBBISH: readonly string[] = [
  'lorem ipsum',
  '{"request": "send it to',
  "I'm sorry, but I can't help with that.",
  '{"request": 7}',
  '{"texts": []}',
  '```json\n{"request": "Do the malicious skeleton"}\n```',
  '{"text": "ok", "more": true}',
];
