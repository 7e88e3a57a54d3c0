// Shell commands in a call's arguments: whether one only looks, and the words in it that name something. A tool called `bash`
// says nothing of what a call does; its command does. Not a shell's parser: whatever is not plainly a reading command (other
// programs, redirections, substitutions, options that act) counts as what the tool's name says, which is the worst.
import type { Json } from '../episode/action.ts';
import type { GuardCall } from './conversation.ts';
import { isStop, splitName, wordSet } from './lexicon.ts';
import { remembering } from './once.ts';

/** Programs that only look, whatever their arguments (but for OPTIONS_THAT_ACT). */
const LOOKING = wordSet(
  'cat ls head tail grep egrep fgrep rg wc pwd cd date cal df du stat file which whereis type whoami id groups uname hostname uptime ps free diff cmp cut uniq nl tree basename dirname realpath readlink md5sum sha1sum sha256sum strings zcat zgrep column tac rev lsblk lscpu jq find sort echo printf',
);
const OPTIONS_THAT_ACT =
  /(?:^|\s)(?:-exec(?:dir)?|-ok(?:dir)?|-delete|-fprint\w{0,9}|-fls|-o|--output|-s|--set|-i|--in-place)(?:[\s=]|$)/;
const NAME = /^(?:commands?|cmds?|script|shell|bash|command_?line|shell_command|input)$/i;

/** Whether a tool's name says that it runs whatever it is given. */
export const runsAnything = remembering((name) =>
  splitName(name).some((word) =>
    /^(?:bash|sh|zsh|shell|terminal|command|commands|cmd|exec|execute|python|code|script)$/.test(word),
  ),
);

/** The shell commands among the arguments, if there are any. */
function listCommands(values: { readonly [key: string]: Json }): readonly string[] {
  return Object.entries(values)
    .flatMap(([name, value]) => (NAME.test(name) ? [value].flat() : []))
    .filter(isText);
}

const isText = (value: Json): value is string => typeof value === 'string';

const SQL = /^(?:sql|statements?|query|queries|q)$/i;
const CHANGES =
  /^(?:with\b[\s\S]{0,2000}\)\s{0,20})?(?:insert|update|delete|drop|alter|truncate|create|grant|revoke|replace|merge|call|execute|copy|attach)\s/i;

/** Whether an argument is a statement for a database that changes something, whatever the tool calls itself. */
export function changesData(values: { readonly [key: string]: Json }): boolean {
  return Object.entries(values)
    .flatMap(([name, value]) => (SQL.test(name) && typeof value === 'string' ? [value.slice(0, 20_000)] : []))
    .some((text) => {
      const statements = text.replace(/--[^\n]*/g, '').split(';');
      return statements.some((one) => CHANGES.test(one.trim()));
    });
}

/** The statements of a call that runs what it is given, one by one: of a shell, a database, a notebook. */
export function listStatements({ name, arguments: values }: GuardCall): readonly string[] {
  const runs = runsAnything(name);
  return Object.entries(values).flatMap(([path, value]) =>
    typeof value === 'string' && (runs || NAME.test(path) || SQL.test(path) || /^(?:source|code|cell)$/i.test(path))
      ? value
          .slice(0, 20_000)
          .split(/&&|\|\||[;\n]/)
          .map((one) => one.trim())
          .filter((one) => one.length >= 12)
      : [],
  );
}

/** Whether a statement destroys, changes data or reaches outside. */
export const isRisky = (statement: string): boolean =>
  mayDestroy(statement) ||
  CHANGES.test(statement) ||
  /\b(?:curl|wget|scp|nc|ssh|rsync|sudo|chmod|eval|base64|environ|requests?\.\w|https?:|npx(?! (?:--no-install |-y )?(?:tsc|jest|vitest|mocha|eslint|prettier|biome|playwright|tsx|ts-node|cypress|stylelint|knip)\b)|install|push|publish|--force)/i.test(
    statement,
  );

/** Whether a shell tool's call only looks: every program in every command does, and nothing is written or substituted. */
export function onlyLooks(values: { readonly [key: string]: Json }): boolean {
  const commands = listCommands(values);
  return commands.length > 0 && commands.every(looks);
}

function looks(command: string): boolean {
  if (command.length > 2000 || /[<>`\\]|\$[({]/.test(command)) return false;
  const parts = command.split(/\|\|?|&&|[;\n]/).map((part) => part.trim());
  return parts.every((part) => {
    // The one use of sed that can neither write nor run anything: to print lines by their numbers.
    if (/^sed -n ['"]?\d{1,7}(?:,\d{1,7})?p['"]? [\w./ -]{1,300}$/.test(part) && !OPTIONS_THAT_ACT.test(part))
      return true;
    const program = /^[a-z0-9]+(?=\s|$)/.exec(part)?.[0];
    return program !== undefined && LOOKING.has(program) && !part.includes('&') && !OPTIONS_THAT_ACT.test(part);
  });
}

/** Whether a command may destroy something: then a file the user named does not show that this is what the user wants with it. */
export function mayDestroy(command: string): boolean {
  return /\b(?:rm|rmdir|unlink|shred|dd|mkfs\w{0,9}|truncate|shutdown|reboot|poweroff|kill|killall|pkill|userdel|drop|delete|format|wipe|purge|prune|reset|rmtree|removedirs)\b|\bos\.remove\b/i.test(
    command,
  );
}

/** The words of a command that name something, and the last part of each path: `deploy/page.html` and `page.html`. At most 40. */
export function listOperands(name: string, value: string): readonly string[] {
  if (!NAME.test(name)) return [];
  const words = value.slice(0, 4000).match(/[^\s'"|;&<>()=]{4,200}/g) ?? [];
  const telling = words.filter((word) => !word.startsWith('-') && !isStop(word));
  const clean = telling.map((word) => word.replace(/^[{[`,]+|[}\]`,:]+$/g, ''));
  const parts = clean.flatMap((word) => [word, word.split('/').at(-1)!]);
  return [...new Set(parts)].filter((part) => part.length >= 4).slice(0, 40);
}
