// Elements without HTML: every text becomes a text node, whatever it says. Characters that cannot be seen but change what is
// seen (bidi, zero width, terminal escapes, other controls) are set apart and named. There is no other way to show a text here,
// and the page's policy refuses `innerHTML` besides.

/** What an element holds. Text is shown with its hidden characters named. */
export type Child = string | number | Node | null | false | readonly Child[];

type Props = { readonly [name: string]: string | number | boolean | null | undefined | ((event: Event) => void) };

/** Controls but tab and line feed; format, private and lone surrogate characters but the joiners of scripts and emoji. */
const HIDDEN = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu;
const SVG = 'http://www.w3.org/2000/svg';

/** A text with each hidden character as a box that says its code. */
export function reveal(text: string): Node {
  const parts = document.createDocumentFragment();
  const plain = text.replaceAll('\r\n', '\n');
  let from = 0;
  for (const found of plain.matchAll(HIDDEN)) {
    parts.append(plain.slice(from, found.index), nameHidden(found[0]));
    from = found.index + found[0].length;
  }
  parts.append(plain.slice(from));
  return parts;
}

function nameHidden(character: string): Node {
  const box = document.createElement('span');
  box.className = 'hiddenchar';
  box.textContent = sayCode(character);
  return box;
}

const sayCode = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** A text with each hidden character as its code, where there can be no box. */
export function sayHidden(text: string): string {
  return text.replaceAll(HIDDEN, sayCode);
}

function fill(parent: Element | DocumentFragment, child: Child): void {
  if (child === null || child === false) return;
  if (typeof child === 'string') parent.append(reveal(child));
  else if (typeof child === 'number') parent.append(String(child));
  else if (child instanceof Node) parent.append(child);
  else for (const one of child) fill(parent, one);
}

function dress(element: Element, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
}

/** Makes an element. A function among the properties listens to the event of that name; false and null leave one out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  dress(element, props);
  fill(element, children);
  return element;
}

/** Makes an element of a drawing. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  dress(element, props);
  fill(element, children);
  return element;
}

/** Puts other content into an element. */
export function show(parent: Element, ...children: readonly Child[]): void {
  const parts = document.createDocumentFragment();
  fill(parts, children);
  parent.replaceChildren(parts);
}

/** A list to choose from, with its label. */
export function choice(
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  value: string,
  change: (value: string) => void,
): HTMLElement {
  const select = el(
    'select',
    { change: () => change(select.value) },
    options.map(([one, text]) => el('option', { value: one, selected: one === value }, text)),
  );
  return el('label', { class: 'field' }, el('span', {}, label), select);
}

/** A table that scrolls by itself where it is too wide; one stop of the keyboard. */
export function scroll(label: string, table: HTMLElement): HTMLElement {
  return el('div', { class: 'scroll', role: 'region', 'aria-label': label, tabindex: 0 }, table);
}

/** A button. */
export function button(text: Child, act: () => void, props: Props = {}): HTMLButtonElement {
  return el('button', { type: 'button', click: act, ...props }, text);
}

/** Offers a text or bytes as a file to save. */
export function save(name: string, type: string, content: string | Blob): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = el('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The faults of files, as a note; nothing where there are none. */
export function tellFaults(
  faults: readonly { readonly file: string; readonly line: number | null; readonly what: string }[],
): HTMLElement | null {
  if (faults.length === 0) return null;
  const say = ({ file, line, what }: (typeof faults)[number]) =>
    el('li', {}, `${file}${line === null ? '' : `, line ${line}`}: ${what}`);
  return el(
    'div',
    { class: 'faults', role: 'note' },
    el('b', {}, `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'} in the files`),
    el('ul', {}, faults.slice(0, 12).map(say)),
  );
}

/** Does something now and then again every so many milliseconds, one after the other, until the view is left. */
export function repeat(ms: number, work: () => Promise<void>, signal: AbortSignal): void {
  const turn = async (): Promise<void> => {
    if (signal.aborted) return;
    if (!document.hidden) await work().catch(() => {});
    if (!signal.aborted) setTimeout(() => void turn(), ms);
  };
  setTimeout(() => void turn(), ms);
}

/** Whether a key was meant for a field. */
export function isTyping(event: Event): boolean {
  return event.target instanceof Element && event.target.closest('input, select, textarea, dialog') !== null;
}
