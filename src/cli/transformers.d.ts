// What is used of transformers.js, an optional peer that is no dependency of the repository: so that types hold without it.
// tests/engines/guard-judge.test.ts runs the real package.
declare module '@huggingface/transformers' {
  type Loader = { from_pretrained(directory: string, options: object): Promise<unknown> };
  export const AutoTokenizer: Loader;
  export const AutoModelForSequenceClassification: Loader;
}
