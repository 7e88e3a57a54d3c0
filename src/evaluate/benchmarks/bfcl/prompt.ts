// Prompt mode: the functions told in the system prompt, calls asked for as text. The words are the official ones, since published
// figures rest on them; what a model answers is read by decode.ts.
// Source: bfcl_eval/constants/default_prompts.py (format ret_fmt=python, func_doc_fmt=json, plaintext, classic; Apache-2.0),
// bfcl_eval/model_handler/utils.py (system_prompt_pre_processing_chat_model) and utils.py (language hints).
import type { Language } from './categories.ts';
import type { FunctionDoc, Message } from './data.ts';
import { dumpIndented, dumpJson, print } from './python/print.ts';
import { copyDict, isDict, type Py, type PyDict } from './python/value.ts';
import { hintOf } from './tools.ts';

const HEAD =
  'You are an expert in composing functions.You are given a question and a set of possible functions. Based on the question, you will ' +
  'need to make one or more function/tool calls to achieve the purpose. If none of the functions can be used, point it out. If the ' +
  'given question lacks the parameters required by the function, also point it out.\n\nYou should only return the function calls in ' +
  'your response.\n\nIf you decide to invoke any of the function(s), you MUST put it in the format of ' +
  '[func_name1(params_name1=params_value1, params_name2=params_value2...), func_name2(params)].  You SHOULD NOT include any other text ' +
  'in the response.\n\nAt each turn, you should try your best to complete the tasks requested by the user within the current turn. ' +
  "Continue to output functions to call until you have fulfilled the user's request to the best of your ability. Once you have no more " +
  'functions to call, the system will consider the current turn complete and proceed to the next turn or task.\n\n';

/** The system prompt over these functions. */
export function writeSystem(functions: readonly FunctionDoc[], language: Language): string {
  const docs = dumpIndented(functions.map((described) => describeFunction(described, language)));
  return `${HEAD}Here is a list of functions in json format that you can invoke.\n${docs}\n`;
}

/** Messages that begin with the system prompt; a system message of the row's own goes on behind it. */
export function openPrompt(messages: readonly Message[], system: string): readonly Message[] {
  const [first, ...rest] = messages;
  if (first?.role !== 'system') return [{ role: 'system', content: system }, ...messages];
  return [{ role: 'system', content: `${system}\n\n${first.content}` }, ...rest];
}

/** A description as models are told it: with a word on the language; Java's and JavaScript's values are given as text. */
function describeFunction({ raw }: FunctionDoc, language: Language): PyDict {
  const told = copyDict(raw);
  told.set('description', print(told.get('description') ?? '') + hintOf(language));
  if (language === 'python') return told;
  const parameters = told.get('parameters');
  const properties = isDict(parameters ?? null) ? (parameters as PyDict).get('properties') : undefined;
  for (const value of isDict(properties ?? null) ? (properties as PyDict).values() : [])
    if (isDict(value)) describeParameter(value, language);
  return told;
}

const NAMES = { java: 'Java', javascript: 'JavaScript' } as const;
const LISTS: readonly Py[] = ['ArrayList', 'Array', 'array'];

function describeParameter(parameter: PyDict, language: 'java' | 'javascript'): void {
  const type = print(parameter.get('type') ?? '');
  const say = (more: string): void =>
    void parameter.set('description', print(parameter.get('description') ?? '') + more);
  if (type === 'any') say(` This parameter can be of any type of ${NAMES[language]} object in string representation.`);
  else say(` This is ${NAMES[language]} ${type} type parameter in string representation.`);
  const items = parameter.get('items');
  if (LISTS.includes(type) && items instanceof Map) {
    say(` The list elements are of type ${print(items.get('type') ?? '')}; they are not in string representation.`);
    parameter.delete('items');
  }
  const inner = parameter.get('properties');
  if (language === 'javascript' && type === 'dict' && inner !== undefined) {
    say(` The dictionary entries have the following schema; they are not in string representation. ${dumpJson(inner)}`);
    parameter.delete('properties');
  }
  parameter.set('type', 'string');
}
