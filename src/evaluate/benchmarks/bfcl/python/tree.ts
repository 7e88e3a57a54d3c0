// The syntax tree of a Python expression, as far as it is looked at: Python's own kinds of nodes under their own names.
// Source: the module `ast` of Python 3.11.
import type { Py } from './value.ts';

export type Keyword = { readonly name: string | null; readonly value: Node };
export type Clause = {
  readonly async: boolean;
  readonly target: Node;
  readonly source: Node;
  readonly conditions: readonly Node[];
};
/** A parameter of a lambda; `mark` is what stands before the name, or `/` and `*` alone. */
export type Parameter = { readonly mark: '' | '*' | '**' | '/'; readonly name: string; readonly fallback: Node | null };

export type Node =
  | { readonly kind: 'constant'; readonly value: Py; readonly unicode?: boolean }
  /** f"…": its parts are not kept. */
  | { readonly kind: 'formatted'; readonly source: string }
  | { readonly kind: 'name'; readonly id: string }
  | { readonly kind: 'attribute'; readonly value: Node; readonly name: string }
  | { readonly kind: 'subscript'; readonly value: Node; readonly slice: Node }
  | { readonly kind: 'slice'; readonly parts: readonly (Node | null)[] }
  | { readonly kind: 'call'; readonly called: Node; readonly args: readonly Node[]; readonly named: readonly Keyword[] }
  | { readonly kind: 'list' | 'tuple' | 'set'; readonly items: readonly Node[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [key: Node | null, value: Node])[] }
  | { readonly kind: 'unary'; readonly sign: '+' | '-' | '~' | 'not'; readonly value: Node }
  | { readonly kind: 'binary'; readonly sign: string; readonly left: Node; readonly right: Node }
  | { readonly kind: 'logic'; readonly sign: 'and' | 'or'; readonly values: readonly Node[] }
  | { readonly kind: 'compare'; readonly left: Node; readonly rest: readonly (readonly [sign: string, value: Node])[] }
  | { readonly kind: 'choice'; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: 'lambda'; readonly parameters: readonly Parameter[]; readonly body: Node }
  | { readonly kind: 'starred'; readonly value: Node }
  | { readonly kind: 'named'; readonly target: string; readonly value: Node }
  | { readonly kind: 'await'; readonly value: Node }
  | { readonly kind: 'yield'; readonly from: boolean; readonly value: Node | null }
  | {
      readonly kind: 'comprehension';
      readonly form: 'list' | 'set' | 'dict' | 'generator';
      readonly element: Node;
      readonly value: Node | null;
      readonly clauses: readonly Clause[];
    };
