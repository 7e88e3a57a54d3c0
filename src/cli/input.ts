// Files of the command line: read as text, JSON, JSON Lines or YAML and checked against a schema, or written whole.
// Everything wrong is an InputError naming file and line. Which files a run directory holds is not known here.
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type Document, isMap, isNode, isSeq, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { checkInput, InputError, parseJson } from '../episode/input.ts';
import { describeFault, type Files, nameFault, writeAtomic } from '../evaluate/file.ts';

export { describeFault, type Files, writeAtomic };

/** Decodes UTF-8, without a byte order mark. Throws InputError for other bytes. */
function decodeText(bytes: Uint8Array | undefined, decoder: TextDecoder, path: string): string {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch {
    throw new InputError(path, 'not UTF-8 text');
  }
}

/** The text of a file. Throws InputError. */
export async function readText(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: unknown) => Promise.reject(nameFault(error, path)));
  const decoder = new TextDecoder('utf-8', { fatal: true });
  return decodeText(bytes, decoder, path) + decodeText(undefined, decoder, path);
}

/** A line of a file: its text without the line feed, its number counted from 1. */
export type Line = { readonly text: string; readonly number: number };

/**
 * The lines of a file that are not blank, without holding the file in memory. Only a line feed ends a line: JSON texts
 * may hold other separators. Throws InputError.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let rest = '';
  for await (const bytes of readChunks(path)) {
    const parts = (rest + decodeText(bytes, decoder, `${path}:${number + 1}`)).split('\n');
    rest = parts.pop() ?? '';
    for (const text of parts) {
      number += 1;
      if (text.trim() !== '') yield { text, number };
    }
  }
  rest += decodeText(undefined, decoder, `${path}:${number + 1}`);
  if (rest.trim() !== '') yield { text: rest, number: number + 1 };
}

async function* readChunks(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path)) yield chunk as Uint8Array;
  } catch (error) {
    throw nameFault(error, path);
  }
}

/** The values of a JSON Lines file, one by one, each checked. Throws InputError naming file and line. */
export async function* readJsonLines<T>(path: string, schema: z.ZodType<T>): AsyncGenerator<T> {
  for await (const { text, number } of readLines(path)) {
    const where = `${path}:${number}`;
    yield checkInput(schema, parseJson(text, where), where);
  }
}

/** The way to a field from the top of a document. */
type Keys = readonly PropertyKey[];

/** Parses YAML, keeping what is needed to tell lines. */
function parseLines(text: string): { readonly document: Document; lineAt(offset: number): number } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  return { document, lineAt: (offset) => lineCounter.linePos(offset).line };
}

/** Where the field at `keys` begins, or the deepest field above it that is there. */
function startOf(document: Document, keys: Keys): number {
  let node = document.contents;
  for (const key of keys) {
    const next = isMap(node) || isSeq(node) ? node.get(key, true) : undefined;
    if (!isNode(next)) break;
    node = next;
  }
  return node?.range?.[0] ?? 0;
}

/** The document's value, with at most 100 aliases: a few lines must not unfold into gigabytes. */
function unfoldAliases(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new InputError(path, `not usable YAML (${error instanceof Error ? error.message : error})`);
  }
}

/** Checks a document's value; a wrong field is named with its line. */
function checkFields<T>(schema: z.ZodType<T>, value: unknown, path: string, lineOf: (keys: Keys) => number): T {
  const fault = schema.safeParse(value).error?.issues[0];
  return checkInput(schema, value, fault ? `${path}:${lineOf(fault.path)}` : path);
}

/** A YAML 1.2 file, checked. Throws InputError naming file, line and field. */
export async function readYaml<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const { document, lineAt } = parseLines(await readText(path));
  const fault = document.errors[0];
  if (fault) throw new InputError(`${path}:${lineAt(fault.pos[0])}`, fault.message);
  return checkFields(schema, unfoldAliases(document, path), path, (keys) => lineAt(startOf(document, keys)));
}

/** A JSON file, checked. Throws InputError naming file, line and field. */
export async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(path);
  return checkFields(schema, parseJson(text, path), path, (keys) => {
    // JSON is YAML too, near enough to find the line of a field.
    const { document, lineAt } = parseLines(text);
    return lineAt(startOf(document, keys));
  });
}
