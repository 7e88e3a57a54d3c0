// Facts about the template: foreign text stays text wherever it is put, and what cannot be seen is shown.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Content, escapeHtml, html, toText } from './html.ts';

test('text put into a template is escaped, markup is not', () => {
  const inner = html`<b>${'<i>'}</b>`;
  assert.equal(toText(html`<p title="${'"x"'}">${inner}</p>`), '<p title="&quot;x&quot;"><b>&lt;i&gt;</b></p>');
});

test('null and false give nothing, zero and lists are shown, a number that is none is a dash', () => {
  assert.equal(toText(html`${null}${false}${0}${['a', html`<br>`, [1]]}${Number.NaN}`), '0a<br>1–');
});

test('an object out of JSON cannot pass for markup', () => {
  const forged: Content = JSON.parse('{"markup":"<script>","Symbol(markup)":"<script>"}');
  assert.ok(!toText(html`<p>${forged}</p>`).includes('<script>'));
});

test('whatever the text, no tag, quote or bare ampersand is left, and the text can be read back', () => {
  const entities: { readonly [entity: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
      const escaped = escapeHtml(text);
      assert.doesNotMatch(escaped, /[<>"']|&(?!(amp|lt|gt|quot|#39);)/);
      assert.equal(
        escaped.replace(/&([^;]+);/g, (_, name: string) => entities[name] ?? ''),
        text,
      );
    }),
  );
});

test('characters that hide or reorder text are shown by their code', () => {
  assert.equal(escapeHtml('a\u202eb\u0000\u200b\ud800'), 'a\\u202eb\\u0000\\u200b\\ud800');
  assert.equal(escapeHtml('x\u{e0041}'), 'x\\u{e0041}');
});

test('line breaks, tabs, joiners and every visible letter stay', () => {
  const text = 'ä\n\t漢字 👩\u200d💻 شکر\u200cگزار';
  assert.equal(escapeHtml(text), text);
  assert.equal(escapeHtml('a\r\nb'), 'a\nb');
});
