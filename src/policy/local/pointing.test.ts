// Tools meant by a word: calls come back as they were, a word means one tool at most, and the word that was said is taken.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Action } from '../../episode/action.ts';
import type { ToolSchema } from '../../episode/episode.ts';
import { layoutOf } from './layout.ts';
import { findPointed, listPointers, pickPointer, splitName, TOOL_MARK } from './pointing.ts';
import { readTurn, renderEpisode, renderPrompt, renderTurn } from './render.ts';
import { SPECIALS } from './thought.ts';
import { trainTokenizer } from './tokenizer.ts';

const makeTool = (name: string): ToolSchema => ({
  name,
  description: '',
  parameters: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] },
});
const NAMES = ['QuorixReadMail', 'quorix_send_mail', 'QuorixHubReadInvoices', 'SMSList', 'read_mail'];
const TOOLS = NAMES.map(makeTool);
const make = (specials: readonly string[]) =>
  trainTokenizer([' read mail send to Anna'], { vocabSize: 500, specials, attachBlank: true });
const pointing = make([...SPECIALS, TOOL_MARK]);
const spelling = make(SPECIALS);
const call = (name: string, to: string): Action => ({ kind: 'call', call: { name, arguments: { to } } });

test('names in the same words are the same, however they are spelled', () => {
  assert.deepEqual(splitName('readMail2Go'), ['read', 'mail2', 'go']);
  assert.deepEqual(splitName('SMSList'), ['smslist']);
  for (const name of ['ReadMail', 'read_mail', 'readMail', '_Read__mail'])
    assert.deepEqual(splitName(name), ['read', 'mail']);
});

const formsOf = (tools: readonly ToolSchema[]) => tools.map((tool) => listPointers(tools).get(tool)?.forms ?? []);

test('a tool is meant by each word that is its alone, in both numbers, and by all of them where it has none', () => {
  const own = TOOLS.map((tool) => listPointers(TOOLS).get(tool)?.own);
  assert.deepEqual(own, [[], ['send'], ['hub', 'invoice'], ['smslist'], []]);
  assert.deepEqual(formsOf(TOOLS)[0], ['quorix read mail']);
  assert.deepEqual(formsOf(TOOLS)[2]?.slice(6), ['invoice', 'Invoice', 'INVOICE', 'invoices', 'Invoices', 'INVOICES']);
  assert.deepEqual(formsOf(['ReadMail', 'read_mail'].map(makeTool)), [['ReadMail'], ['read_mail']]);
  // One reads mails and one sends a mail: the mail says nothing.
  const mails = ['QuorixReadMails', 'QuorixSendMail'].map(makeTool);
  assert.deepEqual(
    mails.map((tool) => listPointers(mails).get(tool)?.own),
    [['read'], ['send']],
  );
});

test('whatever the names, no form means two tools, and every tool has one', () => {
  const word = fc.constantFrom(
    'read',
    'Mail',
    'mails',
    'X',
    '_',
    'send',
    'a1',
    'entries',
    'entry',
    'box',
    'boxes',
    'news',
  );
  const name = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join('_'));
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 6 }), (names) => {
      const tools = names.map(makeTool);
      const all = formsOf(tools).flat();
      assert.equal(new Set(all).size, all.length, names.join(' '));
      for (const [at, forms] of formsOf(tools).entries()) {
        assert.ok(forms.length > 0);
        for (const form of forms) assert.equal(findPointed(tools, form), tools[at]);
        for (const said of [[], ['Read the mails of X and send a box'], ['entries BOXES a1 news']])
          assert.equal(findPointed(tools, pickPointer(tools, tools[at]!, said)), tools[at]);
      }
    }),
  );
});

test('a call comes back as it was, whatever its values hold', () => {
  const kinds = fc.constantFrom('call', 'check');
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), kinds, fc.string({ unit: 'binary' }), (name, kind, text) => {
      const action = { ...call(name, text.trim()), kind } as Action;
      assert.deepEqual(readTurn(pointing, TOOLS, renderTurn(pointing, TOOLS, null, action)).action, action);
    }),
  );
});

test('the word that was said is taken as it was said; else a deed', () => {
  const tools = ['QuorixFetchInvoiceDetails', 'ZenloListOrders'].map(makeTool);
  const [tool] = tools as [ToolSchema];
  const pick = (...texts: string[]) => pickPointer(tools, tool, texts, new Set(['fetch', 'list']));
  assert.equal(pick('Show the invoice on Quorix'), 'invoice');
  assert.equal(pick('Show my invoices'), 'invoices');
  assert.equal(pick('What is new on Quorix?'), 'Quorix');
  assert.equal(pick('What is new on QuoRix?'), 'quorix');
  assert.equal(pick('nothing here', 'the details'), 'details');
  assert.equal(pick('Look it up'), 'fetch');
  assert.equal(pickPointer(tools, tool, ['Look it up']), 'quorix');
});

test('a text that spells the mark is text', () => {
  const mark = pointing.specials.get(TOOL_MARK);
  const text = fc.oneof(fc.constant(TOOL_MARK), fc.string({ unit: 'binary' }));
  fc.assert(
    fc.property(text, text, (request, said) => {
      const observation = { kind: 'result', text: said } as const;
      const step = { index: 0, think: null, decision: null, action: call('SMSList', said), ended: true, observation };
      const { tokens } = renderEpisode(pointing, TOOLS, request, [step]);
      assert.equal(tokens.filter((token) => token === mark).length, TOOLS.length);
    }),
  );
});

test('policies without the mark spell names as before, and only they have a chat template', () => {
  assert.ok(spelling.decode(renderPrompt(spelling, TOOLS, 'x')).includes(' QuorixReadMail; quorix send mail;'));
  assert.ok(spelling.decode(renderTurn(spelling, TOOLS, null, call('read_mail', 'a'))).includes('"name":" read mail"'));
  assert.notEqual(layoutOf(spelling), null);
  assert.equal(layoutOf(pointing), null);
});
