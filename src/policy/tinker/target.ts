// Which model on which Tinker server: the part of a name after `tinker:`, read and checked. `MODEL@URL#DIR`: what the server calls
// it, where the server is, and the directory here with its tokenizer and chat template; without DIR, MODEL is that directory.
// A key does not belong in it: it would end in every log that quotes the name.
import { InputError } from '../../episode/input.ts';

export type TinkerTarget = {
  /** A base model's name, or the tinker:// path of a sampler checkpoint. */
  readonly model: string;
  readonly url: string;
  /** Where its config.json, tokenizer and chat template are. */
  readonly directory: string;
};

/** Reads such a name. Throws InputError. */
export function parseTinker(text: string): TinkerTarget {
  const fail = (what: string): InputError => new InputError(`${JSON.stringify(`tinker:${text}`)}`, what);
  const cut = /@(?=https?:\/\/)/i.exec(text);
  if (cut === null || cut.index === 0) throw fail('expected tinker:MODEL@http://HOST or tinker:MODEL@https://HOST#DIR');
  const model = text.slice(0, cut.index);
  const address = text.slice(cut.index + 1);
  if (!URL.canParse(address)) throw fail('the part after @ is no address');
  const url = new URL(address);
  if (url.username !== '' || url.password !== '')
    throw fail('an address with a password in it ends in logs; give the key in the environment');
  if (url.search !== '') throw fail('an address without ? was expected');
  const directory = url.hash === '' ? model : decodeURIComponent(url.hash.slice(1));
  if (directory.startsWith('tinker://')) throw fail('a checkpoint has no tokenizer here, expected #DIR at the end');
  return { model, url: `${url.origin}${url.pathname.replace(/\/+$/, '')}`, directory };
}
