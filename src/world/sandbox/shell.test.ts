import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { createTemplate, forkWorld, loadWorlds, type Template, type World } from '../world.ts';
import { runWith } from './clock.ts';
import { openShell, type Seat } from './shell.ts';

let template: Template;
before(async () => {
  await loadWorlds();
  template = createTemplate({
    files: [
      { name: 'a.txt', owner: 'Ben', text: 'hello\nworld\n' },
      { name: 'docs/b.txt', text: 'bee' },
    ],
    pages: [{ site: 'news.test', text: 'the news' }],
  });
});

function openWorld(seed = 1): World {
  return forkWorld(template, { seed });
}

async function runShell(world: World, command: string): Promise<string> {
  const result = await world.call('run_shell', { command });
  return result.ok ? result.text : `error: ${result.error}`;
}

describe('the shell', () => {
  it('sees the files of the world', async () => {
    const world = openWorld();
    assert.equal(await runShell(world, 'pwd; ls; cat docs/b.txt; grep -c o a.txt'), '/home/user\na.txt\ndocs\nbee2');
  });

  it('brings its changes back: new, changed, moved and deleted files', async () => {
    const world = openWorld();
    await runShell(world, 'echo x >> a.txt; mv docs/b.txt c.txt; mkdir -p p/q; echo y > p/q/z');
    const rows = world.db.rows('select name, owner, text from files order by name');
    assert.deepEqual(rows, [
      { name: 'a.txt', owner: 'Ben', text: 'hello\nworld\nx\n' },
      { name: 'c.txt', owner: 'me', text: 'bee' },
      { name: 'p/q/z', owner: 'me', text: 'y\n' },
    ]);
    await runShell(world, 'rm -r p a.txt');
    assert.equal(world.query('select group_concat(name) from files'), 'c.txt');
  });

  it('sees what tools changed since its last command', async () => {
    const world = openWorld();
    await runShell(world, 'cat a.txt');
    await world.call('write_file', { file: 'a.txt', text: 'new' });
    await world.call('delete_file', { file: 'docs/b.txt' });
    await world.call('write_file', { file: 'docs/c.txt', text: 'sea' });
    assert.equal(await runShell(world, 'cat a.txt; ls docs'), 'newc.txt');
  });

  it('reaches the hosts of the world with curl, and no others', async () => {
    const world = openWorld();
    assert.equal(await runShell(world, 'curl -s https://news.test/'), 'the news');
    assert.equal(await runShell(world, 'curl -s -d @a.txt https://news.test/'), 'done');
    assert.equal(world.query('select text from posts'), 'helloworld');
    assert.equal(await runShell(world, 'curl -s -d "recipient=Omar&text=hi" https://mail.test/mails'), 'done');
    assert.equal(world.query("select recipient from mails where folder = 'sent'"), 'Omar');
    assert.equal(await runShell(world, 'curl -s http://127.0.0.1/'), 'no such site: 127.0.0.1');
    assert.equal(world.query("select count(*) from requests where url like '%127.0.0.1%' and status = 404"), 1);
    assert.match(await runShell(world, 'curl -s -X GET -d x https://bank.test/balance; echo $?'), /\d/);
  });

  it('tells failures as errors', async () => {
    const world = openWorld();
    assert.equal(await runShell(world, 'false'), 'error: exit code 1');
    assert.equal(await runShell(world, 'nosuch'), 'error: bash: nosuch: command not found');
    assert.match(await runShell(world, 'if'), /^error: .*syntax error/);
    assert.equal(await runShell(world, 'true'), 'done');
  });

  it('stops what does not end', async () => {
    const world = openWorld();
    for (const command of ['while :; do :; done', 'f() { f; }; f', 'seq 1 99999', 'x=a; while :; do x=$x$x; done']) {
      assert.match(await runShell(world, command), /^error: .*(too many|exceeded|maximum)/, command);
    }
    assert.equal(await runShell(world, 'echo still here'), 'still here');
  });

  it('stops at the limit of host time', async () => {
    const world = openWorld();
    const command = 'for i in {1..5000}; do :; done';
    assert.deepEqual(await (await openShell(world, { wallLimit: 0 })).run(command), {
      ok: false,
      error: 'bash: execution exceeded execution deadline (86400000ms)',
    });
    assert.deepEqual(await (await openShell(world)).run(command), { ok: true, text: 'done' });
  });

  it('cuts long output', async () => {
    const text = await runShell(openWorld(), 'seq 1 2000');
    assert.ok(text.length < 2100 && text.endsWith(' [cut]'));
  });

  it('sees no files, variables or processes of the host', async () => {
    const world = openWorld();
    assert.match(await runShell(world, 'cat /etc/passwd'), /No such file/);
    assert.match(await runShell(world, 'cat ../../../../../../etc/shadow'), /No such file/);
    assert.equal(await runShell(world, 'printenv HOME; whoami; hostname'), '/home/user\nuser\nlocalhost');
    assert.match(await runShell(world, 'node -e 1'), /not found/);
    assert.match(await runShell(world, 'python3 -c 1'), /^error/);
  });
});

const PROBES = [
  'date; sleep 90; date; date +%s%N',
  'echo $RANDOM $RANDOM; shuf -i 1-9',
  'touch t; stat t; ls -l; find . -newer a.txt',
  'echo $SECONDS $$ $PPID',
  'jq -n now; printf "%(%F)T\\n" -1',
  'time true; timeout 5 sleep 1; env; help | head -3; history',
  'echo hi | md5sum; seq 5 | sort -R; tar czf x.tgz docs; gzip -k a.txt; ls; base64 x.tgz',
  'for f in *; do echo $f; done; tree; du; cut -c1-3 *.txt',
];

describe('the shell is reproducible', () => {
  const play = async (seed: number): Promise<string> => {
    const world = openWorld(seed);
    const texts: string[] = [];
    for (const probe of PROBES) texts.push(await runShell(world, probe));
    const image = createHash('sha256').update(world.image()).digest('hex');
    world.close();
    return [...texts, image].join('\n---\n');
  };

  it('same seed, same bytes, one after another and many at once', async () => {
    const first = await play(3);
    assert.equal(await play(3), first);
    const many = await Promise.all([play(3), play(4), play(3)]);
    assert.equal(many[0], first);
    assert.equal(many[2], first);
    assert.notEqual(many[1], first);
  });

  it('also on its first use in a process, when commands are still being loaded', () => {
    const script = `
      import { createTemplate, forkWorld, loadWorlds } from ${JSON.stringify(new URL('../world.ts', import.meta.url))};
      await loadWorlds();
      const template = createTemplate({ files: [{ name: 'a.txt', text: 'x' }] });
      const play = async () => {
        const world = forkWorld(template, { seed: 3 });
        const texts = [];
        for (const command of ${JSON.stringify(PROBES)}) texts.push(await world.call('run_shell', { command }));
        return JSON.stringify(texts);
      };
      const first = await play();
      if ((await play()) !== first) process.exit(1);
      process.stdout.write(first);`;
    const play = () => spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    const [one, two] = [play(), play()];
    assert.equal(one.status, 0, one.stderr);
    assert.ok(one.stdout.length > 1000);
    assert.equal(two.stdout, one.stdout);
  });

  it('on virtual time: sleeping takes none of ours', async () => {
    const world = openWorld();
    const before = world.clock;
    assert.equal(await runShell(world, 'date +%F; sleep 3600; date +%H:%M'), '2026-01-05\n10:01');
    assert.equal(world.clock - before, 3_660_000);
  });

  it('runs the commands of one world one after another', async () => {
    const world = openWorld();
    await Promise.all([runShell(world, 'sleep 5; echo 1 >> log'), runShell(world, 'echo 2 >> log')]);
    assert.equal(world.query("select text from files where name = 'log'"), '1\n2\n');
  });
});

describe('where a command is interpreted', () => {
  /** Every probe, a page asked for, and a file changed by a tool in between. */
  const play = async (seat: Seat): Promise<string> => {
    const world = openWorld(5);
    const shell = await openShell(world, { seat });
    const texts: unknown[] = [];
    for (const probe of [...PROBES, 'curl -s https://news.test/ > n; sleep 7; curl -s -d @n https://news.test/']) {
      texts.push(await shell.run(probe));
      await world.call('append_file', { file: 'a.txt', text: String(texts.length) });
      texts.push(await shell.run('cat a.txt; ln -s a.txt l 2>/dev/null; echo x > l; export V=1; readonly R=1; hash'));
    }
    texts.push(world.clock, createHash('sha256').update(world.image()).digest('hex'));
    shell.close();
    world.close();
    return JSON.stringify(texts);
  };

  it('makes no difference, byte for byte', async () => assert.equal(await play('aside'), await play('here')));

  it('is another thread for the main one, which goes on meanwhile', async () => {
    const world = openWorld();
    const seen: number[] = [];
    let turns = 0;
    const turn = () => {
      turns += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    for (const seat of ['aside', 'here'] as const) {
      const shell = await openShell(world, { seat });
      await shell.run('true');
      turns = 0;
      await shell.run('for i in {1..2000}; do echo $i; done | wc -l');
      seen.push(turns);
      shell.close();
    }
    clearImmediate(next);
    const [aside = 0, here = 0] = seen;
    assert.ok(aside > 20, `turns of this thread while another worked: ${aside}`);
    assert.ok(here < 5, `turns of this thread while it worked itself: ${here}`);
  });

  it('goes on where it was after many files were written at once', async () => {
    const world = openWorld();
    assert.equal(await runShell(world, 'touch {1..1300}; ls | wc -l'), '1302');
    assert.equal(world.query("select count(*) from files where name glob '[0-9]*'"), 1300);
    assert.equal(await runShell(world, 'rm {1..1300}; ls'), 'a.txt\ndocs');
    assert.equal(world.query('select count(*) from files'), 2);
  });

  it('costs a world nothing that a file stands where a folder should be', async () => {
    const world = openWorld();
    await world.call('write_file', { file: 'a.txt/x', text: 'no' });
    assert.equal(await runShell(world, 'cat a.txt/x'), 'error: cat: a.txt/x: No such file or directory');
    assert.equal(await runShell(world, 'ls'), 'a.txt\ndocs');
  });
});

describe('the virtual clock', () => {
  it('is seen only by the run it belongs to', async () => {
    const source = (at: number) => ({ now: () => at, random: () => at / 10 });
    const read = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return [Date.now(), new Date().toISOString(), Math.random()];
    };
    const [one, two] = await Promise.all([runWith(source(1), read), runWith(source(2), read)]);
    assert.deepEqual(one, [1, '1970-01-01T00:00:00.001Z', 0.1]);
    assert.deepEqual(two, [2, '1970-01-01T00:00:00.002Z', 0.2]);
    assert.ok(Date.now() > 1e12);
    assert.ok(await runWith(source(1), () => runWith(null, async () => Date.now() > 1e12)));
  });

  it('leaves Date what it was', () => {
    assert.ok(new Date(0) instanceof Date);
    assert.equal(new Date(2026, 0, 5).getFullYear(), 2026);
    assert.equal(Date.UTC(1970, 0, 1), 0);
    assert.equal(typeof Date(), 'string');
    class Later extends Date {}
    assert.ok(new Later(5) instanceof Later);
    assert.equal(new Later(5).getTime(), 5);
  });
});
