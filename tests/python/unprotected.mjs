// The control of the Python probes: Pyodide as its documentation starts it, in an ordinary process. Reads a JSON list of
// sources from standard input, calls `f` of each, and prints a JSON list of what came back; null for an error.
import { loadPyodide } from 'pyodide';

const python = await loadPyodide({ stdout: () => undefined, stderr: () => undefined });
let text = '';
for await (const chunk of process.stdin) text += chunk;
const answers = [];
for (const source of JSON.parse(text)) {
  try {
    const globals = python.toPy({});
    python.runPython(source, { globals });
    answers.push(String(await python.runPythonAsync('f()', { globals })));
  } catch {
    answers.push(null);
  }
}
await new Promise((resolve) => setTimeout(resolve, 500)); // what was sent has arrived by then
process.stdout.write(JSON.stringify(answers), () => process.exit(0));
