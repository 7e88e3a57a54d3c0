// `tribune guard verify-log`: checks the chain of an audit log and says where it breaks.
import { createReadStream } from 'node:fs';
import { InputError } from '../episode/input.ts';
import { type LogCheck, verifyLog } from '../guard/verify.ts';
import { readKey } from './gate.ts';
import { describeFault } from './input.ts';
import { defineVerb } from './verb.ts';

export const verb = defineVerb({
  summary: 'Check an audit log of the guard: that no line was changed, dropped, moved or put in.',
  usage: 'FILE',
  flags: {
    'log-key': { kind: 'string', value: 'FILE', summary: 'the key the log was written with' },
    head: { kind: 'string', value: 'HASH', summary: 'a head noted earlier that the log must still hold' },
  },
  async run({ flags, positionals }, io) {
    const file = positionals[0]!;
    const key = flags['log-key'] === undefined ? {} : { key: readKey(flags['log-key']) };
    const head = flags.head === undefined ? {} : { head: flags.head };
    const check = await verifyLog(splitLines(file), { ...key, ...head });
    io.result({ file, ...check }, describeCheck(file, check));
    return check.fault === null && check.found !== false ? 0 : 1;
  },
});

/** The lines of a file as they are, empty ones too. */
async function* splitLines(path: string): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(path, 'utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (fault) {
    throw new InputError(path, describeFault(fault) ?? String(fault));
  }
  if (rest !== '') yield rest;
}

function describeCheck(file: string, { entries, head, fault, torn, found }: LogCheck): string {
  const broken = torn.map((line) => `${file}:${line}: cut off by a crash, as the line after it says`);
  const lost =
    found === false ? [`${file}: the head noted earlier is not in it: its end was cut off, or it was replaced`] : [];
  const verdict =
    fault === null
      ? `${file}: ${entries} entries, each follows the one before`
      : `${file}:${fault.line}: ${fault.what}`;
  return [verdict, ...broken, ...lost, `head ${head}`].join('\n');
}
