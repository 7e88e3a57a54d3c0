import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openIo } from './output.ts';
import { formatDuration, formatLine, formatRate, openProgress } from './progress.ts';
import { collectText } from './sink.ts';

function openFake(options: { readonly columns?: number; readonly since?: number } = {}) {
  const sink = collectText(options.columns === undefined ? undefined : { columns: options.columns });
  const clock = { ms: 0 };
  const progress = openProgress({ label: 'step', total: 10, since: options.since ?? 0, sink, now: () => clock.ms });
  return { sink, clock, progress };
}

test('a line names the step, the figures, the rate and the time left', () => {
  const figures = { reward: 0.81251, safety: 1, utility: null, note: 'kl\u001b' };
  const line = formatLine({ label: 'step', total: 10, since: 0 }, { done: 4, seconds: 8, figures });
  assert.equal(line, 'step 4/10  reward 0.813  safety 1  utility -  note kl\\u001b  2.0s each  12s left');
});

test('steps of an earlier run do not count for the rate', () => {
  const line = formatLine({ label: 'step', total: 10, since: 6 }, { done: 8, seconds: 1, figures: {} });
  assert.equal(line, 'step 8/10  2.0/s  1s left');
});

test('without a known total there is no time left', () => {
  assert.equal(
    formatLine({ label: 'read', total: null, since: 0 }, { done: 3, seconds: 1, figures: {} }),
    'read 3  3.0/s',
  );
});

test('durations and rates are short', () => {
  assert.deepEqual([8.4, 59.6, 200, 3720].map(formatDuration), ['8s', '1m00s', '3m20s', '1h02m']);
  assert.deepEqual([3.21, 0.08].map(formatRate), ['3.2/s', '12.5s each']);
});

test('a terminal sees one line redrawn, never wider than itself', () => {
  const { sink, clock, progress } = openFake({ columns: 12 });
  for (let i = 1; i <= 3; i++) {
    clock.ms += 1000;
    progress.step(i, { reward: 0.5 });
  }
  progress.end();
  const lines = sink.text().split('\r\x1b[2K').slice(1);
  assert.equal(lines.length, 3);
  for (const line of lines) assert.ok(line.trimEnd().length <= 11);
  assert.equal(sink.text().split('\n').length, 2);
});

test('a log sees a plain line every five seconds and the last one', () => {
  const { sink, clock, progress } = openFake();
  for (let i = 1; i <= 10; i++) {
    clock.ms += 1000;
    progress.step(i);
  }
  progress.end();
  progress.end();
  assert.deepEqual(sink.text().match(/step \d+/g), ['step 1', 'step 6', 'step 10']);
  assert.equal(sink.text().includes('\r') || sink.text().includes('\x1b'), false);
});

test('no step, no line', () => {
  const { sink, progress } = openFake({ columns: 80 });
  progress.hide();
  progress.end();
  assert.equal(sink.text(), '');
});

test('a log line takes the progress line away and brings it back', () => {
  const stderr = collectText({ columns: 80 });
  const signal = new AbortController().signal;
  const io = openIo({ stdout: collectText(), stderr, json: false, signal, now: () => 0, onClosed: () => {} });
  io.progress('step', 2).step(1);
  io.log('checkpoint written');
  assert.equal(stderr.text(), '\r\x1b[2Kstep 1/2\r\x1b[2Kcheckpoint written\n\r\x1b[2Kstep 1/2');
});
