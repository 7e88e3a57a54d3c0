// What a tool may do, guessed from its name: where it lives and what it is called after are not what it does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inferEffects, isConsequential } from './effects.ts';

const effectsOf = (name: string) => inferEffects({ name });

test('a thing that works is no deed: who sets, clicks or exports does not read', () => {
  for (const name of ['tracker.setDsn', 'browser_type', 'browser_click', 'ads.exportAudience', 'viewings.book'])
    assert.ok(isConsequential(effectsOf(name)), name);
  for (const name of ['filter_orders', 'monitor_traffic', 'track_parcel', 'listings_search'])
    assert.ok(!isConsequential(effectsOf(name)), name);
});

test('moving about in a browser reads', () => {
  for (const name of [
    'browser_navigate',
    'browser.open',
    'browser_snapshot',
    'mcp__browser__navigate',
    'browser_wait_for',
  ])
    assert.ok(!isConsequential(effectsOf(name)), name);
});

test('an MCP server’s name says what its tools are about, not what they do', () => {
  assert.deepEqual(effectsOf('mcp__mail__read'), ['reads', 'private']);
  assert.deepEqual(effectsOf('mcp__payments__search'), ['reads', 'private']);
  assert.ok(effectsOf('mcp__slack__post_message').includes('sends'));
  assert.ok(effectsOf('mcp__notes__delete_note').includes('irreversible'));
});

test('a name without a verb is told by its description', () => {
  const told = (description: string) => inferEffects({ name: 'wiki.page', description });
  assert.ok(!isConsequential(told('Text of a wiki page')));
  assert.ok(!isConsequential(told('Returns the page at a path')));
  assert.ok(isConsequential(told('Removes a page')));
  assert.ok(isConsequential(inferEffects({ name: 'wiki.delete', description: 'Returns the page it has deleted' })));
});

test('what stands before a dot is where, and a list that is added to is a thing', () => {
  for (const name of ['Mail.search', 'Contacts.search', 'OrderDesk.findMail', 'http.get', 'orderLookup'])
    assert.ok(!isConsequential(effectsOf(name)), name);
  for (const name of ['shopping_list_add', 'gmail_filter_create', 'viewing_book', 'orders.cancel', 'views.delete'])
    assert.ok(isConsequential(effectsOf(name)), name);
  for (const name of ['get_update', 'check_update', 'list_orders', 'lists.get'])
    assert.ok(!isConsequential(effectsOf(name)), name);
});
